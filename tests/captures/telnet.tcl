# Drives telnet like a person at the keyboard. Sourced by telnet_*.exp.
set timeout 10

proc connect {host port greeting} {
	global spawn_id
	spawn telnet $host $port
	expect -ex "Escape character"
	expect -ex $greeting
}

proc type {line answer} {
	# On a port other than 23 telnet reads whole lines from the terminal. Ctrl-D gives it what is there now, so that
	# every key travels alone, as with the telnet of Windows; nothing can be taken back then. (Its "mode character"
	# would first send telnet options, which a mail server takes for garbage.)
	foreach key [split $line ""] {
		send -- "$key\x04"
		# Longer than a delayed ACK: Nagle's algorithm would put keys together.
		after 45
	}
	send -- "\r"
	if {$answer ne ""} {
		expect {
			-ex $answer {}
			timeout { puts "no '$answer' after '$line'"; exit 1 }
			eof { puts "closed after '$line'"; exit 1 }
		}
	}
	sleep 0.05
}
