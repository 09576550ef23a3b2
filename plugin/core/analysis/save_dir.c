/* save_dir.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Plain POSIX: every name is opened below a folder that is open already, with O_EXCL and O_NOFOLLOW, so that what
 * another program puts into the folder in the meantime is neither overwritten nor followed.
 */
#include "save_dir.h"

#include "export_name.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_FILE (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
#define FOLDER (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define MANIFEST "manifest.jsonl" /* or manifest-2.jsonl, ... */

struct save_dir {
    int top;       /* the folder itself */
    int current;   /* where files go now: `top` or a folder inside */
    char *folder;  /* its name; NULL: top */
    guint folders; /* tried so far */
    guint files;   /* in `current` */
    char *last;    /* name of the file begun last, in `current` */
    char *wanted;  /* what it was to be called */
    int file;      /* that is being written; -1: none */
    int why;       /* errno of what went wrong with it; 0: nothing */
    export_names *names;
    int manifest;
    off_t entered; /* bytes of the manifest that are whole lines */
};

static char *failure(const char *what)
{
    return g_strdup_printf("%s: %s", what, g_strerror(errno));
}

static gboolean write_all(int fd, const void *bytes, gsize length)
{
    const guint8 *at = bytes;
    while (length) {
        ssize_t done = write(fd, at, MIN(length, (gsize)1 << 30));
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return FALSE;
        at += done;
        length -= (gsize)done;
    }
    return TRUE;
}

/* A new file in the current folder; *name_r: its name. -1: none, see errno. */
static int create(save_dir *dir, const char *wanted, char **name_r)
{
    for (;;) {
        char *name = export_names_unique(dir->names, wanted);
        int fd = openat(dir->current, name, NEW_FILE, 0666);
        if (fd >= 0) {
            *name_r = name;
            return fd;
        }
        g_free(name);
        if (errno != EEXIST)
            return -1;
    }
}

save_dir *save_dir_open(const char *path, char **error_r)
{
    char *name = NULL;
    int top;
    if ((mkdir(path, 0777) != 0 && errno != EEXIST) || (top = open(path, FOLDER)) < 0) {
        *error_r = failure(path);
        return NULL;
    }
    signal(SIGXFSZ, SIG_IGN); /* a file that grows too large is an error of write(), not the end of everything */
    save_dir *dir = g_new0(save_dir, 1);
    dir->top = dir->current = top;
    dir->file = -1;
    dir->names = export_names_new();
    dir->manifest = create(dir, MANIFEST, &name);
    if (dir->manifest < 0) {
        *error_r = failure(path);
        save_dir_close(dir);
        return NULL;
    }
    g_free(name);
    return dir;
}

void save_dir_close(save_dir *dir)
{
    if (dir->manifest >= 0)
        close(dir->manifest);
    if (dir->current != dir->top)
        close(dir->current);
    close(dir->top);
    export_names_free(dir->names);
    g_free(dir->folder);
    g_free(dir->last);
    g_free(dir->wanted);
    g_free(dir);
}

/* Files go to a new folder inside from now on. */
static gboolean begin_folder(save_dir *dir)
{
    char name[16];
    do
        g_snprintf(name, sizeof name, "%06u", ++dir->folders);
    while (mkdirat(dir->top, name, 0777) != 0 && errno == EEXIST && dir->folders < 999999);
    int folder = openat(dir->top, name, FOLDER | O_NOFOLLOW);
    if (folder < 0)
        return FALSE;
    if (dir->current != dir->top)
        close(dir->current);
    dir->current = folder;
    dir->files = 0;
    g_free(dir->folder);
    dir->folder = g_strdup(name);
    export_names_free(dir->names);
    dir->names = export_names_new();
    return TRUE;
}

/* A file that passes for a manifest could have false lines. */
static char *not_a_manifest(const char *wanted)
{
    char *lower = g_ascii_strdown(wanted, -1);
    gboolean passes = g_str_has_prefix(lower, "manifest") && g_str_has_suffix(lower, ".jsonl");
    g_free(lower);
    return g_strconcat(passes ? "attachment-" : "", wanted, NULL);
}

void save_dir_begin(save_dir *dir, const char *wanted)
{
    char *allowed = not_a_manifest(wanted), *name = NULL;
    dir->file = -1;
    if (dir->files < SAVE_DIR_FILES || begin_folder(dir))
        dir->file = create(dir, allowed, &name);
    dir->why = dir->file < 0 ? errno : 0;
    g_free(allowed);
    g_free(dir->wanted);
    dir->wanted = g_strdup(wanted);
    if (!name)
        return;
    g_free(dir->last);
    dir->last = name;
}

void save_dir_write(save_dir *dir, slice bytes)
{
    if (!dir->why && !write_all(dir->file, bytes.data, bytes.len))
        dir->why = errno;
}

char *save_dir_end(save_dir *dir, char **error_r)
{
    gboolean begun = dir->file >= 0;
    if (begun && close(dir->file) != 0 && !dir->why)
        dir->why = errno;
    dir->file = -1;
    if (dir->why) {
        if (begun)
            save_dir_undo(dir);
        errno = dir->why;
        *error_r = failure(dir->wanted);
        return NULL;
    }
    dir->files++;
    return dir->folder ? g_strconcat(dir->folder, "/", dir->last, NULL) : g_strdup(dir->last);
}

void save_dir_undo(save_dir *dir)
{
    if (dir->last)
        unlinkat(dir->current, dir->last, 0);
    g_free(dir->last);
    dir->last = NULL;
}

gboolean save_dir_enter(save_dir *dir, const GString *line, char **error_r)
{
    if (write_all(dir->manifest, line->str, line->len)) {
        dir->entered += (off_t)line->len;
        return TRUE;
    }
    *error_r = failure(MANIFEST);
    /* half a line would not be JSON */
    if (ftruncate(dir->manifest, dir->entered) == 0)
        lseek(dir->manifest, dir->entered, SEEK_SET);
    return FALSE;
}
