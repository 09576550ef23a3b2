/* option_word.h
 * The words of an option such as "-z mailxtra,save,DIR,md5,FILTER". Commas separate them.
 *
 * In a word that names a file or folder, a backslash makes the comma or backslash behind it a part of the name. Any
 * other backslash is one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_OPTION_WORD_H
#define MAILXTRA_OPTION_WORD_H

/* The name that `*rest` begins with, without its backslashes; never NULL, to be freed with g_free(). `*rest` is moved
 * behind the comma that ends the name, or set to NULL if there is none. */
char *option_word_name(const char **rest);

/* The same for a word that is no name: backslashes mean nothing. */
char *option_word(const char **rest);

#endif
