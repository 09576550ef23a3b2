/* test_save_dir.c
 * Files are written to temporary folders, which are removed.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "save_dir.h"

#include <glib/gstdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* In memory where the system has such a folder: thousands of files are made. */
static char *new_folder(void)
{
    char *folder = g_strdup("/dev/shm/save-dir-XXXXXX");
    if (!g_mkdtemp(folder)) {
        g_free(folder);
        folder = g_dir_make_tmp("save-dir-XXXXXX", NULL);
    }
    g_assert_nonnull(folder);
    return folder;
}

static void remove_below(const char *folder)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            remove_below(path);
        else
            g_assert_cmpint(g_unlink(path), ==, 0);
        g_free(path);
    }
    if (dir)
        g_dir_close(dir);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void end_folder(char *folder)
{
    remove_below(folder);
    g_free(folder);
}

static save_dir *open_folder(const char *folder)
{
    char *error = NULL;
    save_dir *dir = save_dir_open(folder, &error);
    g_assert_cmpstr(error, ==, NULL);
    g_assert_nonnull(dir);
    return dir;
}

static void check_content(const char *folder, const char *name, const char *expected)
{
    char *path = g_build_filename(folder, name, NULL), *content = NULL;
    if (!g_file_get_contents(path, &content, NULL, NULL))
        content = NULL;
    g_assert_cmpstr(content, ==, expected);
    g_free(content);
    g_free(path);
}

static char *save(save_dir *dir, const char *name, const char *bytes)
{
    char *error = NULL;
    save_dir_begin(dir, name);
    save_dir_write(dir, slice_of(bytes));
    save_dir_write(dir, slice_of("."));
    char *file = save_dir_end(dir, &error);
    g_assert_cmpstr(error, ==, NULL);
    return file;
}

static void check_save(save_dir *dir, const char *folder, const char *wanted, const char *expected_name)
{
    char *file = save(dir, wanted, wanted), *content = g_strconcat(wanted, ".", NULL);
    g_assert_cmpstr(file, ==, expected_name);
    check_content(folder, file, content);
    g_free(content);
    g_free(file);
}

static void enter(save_dir *dir, const char *text)
{
    char *error = NULL;
    GString *line = g_string_new(text);
    g_assert_true(save_dir_enter(dir, line, &error));
    g_string_free(line, TRUE);
}

static void test_files(void)
{
    char *folder = new_folder();
    save_dir *dir = open_folder(folder);
    check_save(dir, folder, "a.pdf", "a.pdf");
    check_save(dir, folder, "a.pdf", "a-2.pdf");
    enter(dir, "one\n");
    enter(dir, "two\n");
    save_dir_close(dir);
    check_content(folder, "manifest.jsonl", "one\ntwo\n");
    end_folder(folder);
}

/* What an attachment is called must not make a manifest of it. */
static void test_no_false_manifest(void)
{
    char *folder = new_folder();
    save_dir *dir = open_folder(folder);
    check_save(dir, folder, "manifest.jsonl", "attachment-manifest.jsonl");
    check_save(dir, folder, "Manifest-7.JSONL", "attachment-Manifest-7.JSONL");
    check_save(dir, folder, "manifest.json", "manifest.json");
    save_dir_close(dir);
    check_content(folder, "manifest.jsonl", "");
    end_folder(folder);
}

/* A second run in the same folder changes nothing of the first one's. */
static void test_nothing_is_overwritten(void)
{
    char *folder = new_folder();
    for (int run = 0; run < 2; run++) {
        save_dir *dir = open_folder(folder);
        check_save(dir, folder, "a.pdf", run ? "a-2.pdf" : "a.pdf");
        enter(dir, run ? "second\n" : "first\n");
        save_dir_close(dir);
    }
    check_content(folder, "a.pdf", "a.pdf.");
    check_content(folder, "manifest.jsonl", "first\n");
    check_content(folder, "manifest-2.jsonl", "second\n");
    end_folder(folder);
}

static void test_no_link_is_followed(void)
{
    char *folder = new_folder(), *elsewhere = new_folder();
    char *link = g_build_filename(folder, "a.pdf", NULL), *target = g_build_filename(elsewhere, "target", NULL);
    g_assert_cmpint(symlink(target, link), ==, 0);
    save_dir *dir = open_folder(folder);
    check_save(dir, folder, "a.pdf", "a-2.pdf");
    save_dir_close(dir);
    g_assert_false(g_file_test(target, G_FILE_TEST_EXISTS));
    g_free(link);
    g_free(target);
    end_folder(folder);
    end_folder(elsewhere);
}

static void test_undo(void)
{
    char *folder = new_folder();
    save_dir *dir = open_folder(folder);
    char *file = save(dir, "a.pdf", "x");
    save_dir_undo(dir);
    check_content(folder, file, NULL);
    save_dir_undo(dir); /* nothing is left to take back */
    save_dir_close(dir);
    g_free(file);
    end_folder(folder);
}

static void test_many_files(void)
{
    char *folder = new_folder();
    save_dir *dir = open_folder(folder);
    for (guint i = 0; i < SAVE_DIR_FILES; i++)
        g_free(save(dir, "a", ""));
    check_save(dir, folder, "a", "000001/a");
    check_save(dir, folder, "a", "000001/a-2");
    save_dir_close(dir);
    end_folder(folder);
}

static void test_no_folder(void)
{
    char *folder = new_folder(), *file = g_build_filename(folder, "file", NULL), *error = NULL;
    g_assert_true(g_file_set_contents(file, "x", 1, NULL));
    g_assert_null(save_dir_open(file, &error));
    g_assert_true(g_str_has_prefix(error, file));
    g_clear_pointer(&error, g_free);
    char *below = g_build_filename(folder, "no", "such", NULL);
    g_assert_null(save_dir_open(below, &error));
    g_assert_nonnull(error);
    g_free(error);
    g_free(below);
    g_free(file);
    char *made = g_build_filename(folder, "made", NULL);
    save_dir_close(open_folder(made));
    check_content(made, "manifest.jsonl", "");
    g_free(made);
    end_folder(folder);
}

/* What could not be written whole does not stay, neither a file nor a line. */
static void test_no_room(void)
{
    char *folder = new_folder(), *error = NULL, *large = g_strnfill(5000, 'x');
    struct rlimit before, small;
    save_dir *dir = open_folder(folder);
    enter(dir, "whole\n");
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    small = before;
    small.rlim_cur = 4096;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    save_dir_begin(dir, "a.pdf");
    save_dir_write(dir, slice_of(large));
    save_dir_write(dir, slice_of("more"));
    g_assert_null(save_dir_end(dir, &error));
    GString *line = g_string_new(large);
    char *line_error = NULL;
    g_assert_false(save_dir_enter(dir, line, &line_error));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    g_assert_true(g_str_has_prefix(error, "a.pdf: "));
    g_assert_true(g_str_has_prefix(line_error, "manifest.jsonl: "));
    check_content(folder, "a.pdf", NULL);
    enter(dir, "whole, too\n");
    check_save(dir, folder, "b.pdf", "b.pdf");
    save_dir_close(dir);
    check_content(folder, "manifest.jsonl", "whole\nwhole, too\n");
    g_string_free(line, TRUE);
    g_free(line_error);
    g_free(error);
    g_free(large);
    end_folder(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/save_dir/files", test_files);
    g_test_add_func("/save_dir/no_false_manifest", test_no_false_manifest);
    g_test_add_func("/save_dir/nothing_is_overwritten", test_nothing_is_overwritten);
    g_test_add_func("/save_dir/no_link_is_followed", test_no_link_is_followed);
    g_test_add_func("/save_dir/undo", test_undo);
    g_test_add_func("/save_dir/many_files", test_many_files);
    g_test_add_func("/save_dir/no_folder", test_no_folder);
    g_test_add_func("/save_dir/no_room", test_no_room);
    return g_test_run();
}
