/* attachment_check.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "attachment_check.h"

#include "file_extension.h"

/* May a file of this content honestly carry a type of that family? Said of pairs that ordinary mail has:
 *   office: a .doc that is HTML, MHTML or XML (Word saves as such), a .xls that is CSV (Windows declares it so) or
 * HTML; a document declared as the archive that it is underneath, and the other way round text: scripts, .eml and .svg
 * files are text, too */
static gboolean is_compatible(file_family declared, file_family content)
{
    if (declared == content)
        return TRUE;
    switch (declared) {
    case FILE_FAMILY_OFFICE:
        return content == FILE_FAMILY_TEXT || content == FILE_FAMILY_ARCHIVE;
    case FILE_FAMILY_ARCHIVE:
        /* .jar and .apk, an installer in a self-extracting archive that is declared as a ZIP: executable_content says
         * it */
        return content == FILE_FAMILY_OFFICE || content == FILE_FAMILY_EXECUTABLE;
    case FILE_FAMILY_MEDIA:
        return content == FILE_FAMILY_IMAGE; /* heic, avif in a container of films */
    default:
        return FALSE;
    }
}

static gboolean contradicts(const char *declared, file_type content)
{
    file_family family = file_type_family(declared);
    if (family == FILE_FAMILY_UNKNOWN || content.family == FILE_FAMILY_UNKNOWN || content.family == FILE_FAMILY_OTHER)
        return FALSE;
    return !is_compatible(family, content.family);
}

/* A program declared as an archive is one only if it can be both. */
static gboolean is_disguised_program(const char *declared, file_type content)
{
    return file_type_family(declared) == FILE_FAMILY_ARCHIVE && content.family == FILE_FAMILY_EXECUTABLE &&
           strcmp(content.type, "application/java-archive") != 0 &&
           strcmp(content.type, "application/vnd.android.package-archive") != 0;
}

static gboolean is_mismatch(const attachment_facts *facts, slice extension)
{
    /* What the name promises counts only where the type says nothing. */
    const char *declared = facts->declared;
    if (file_type_family(declared) == FILE_FAMILY_UNKNOWN)
        declared = file_extension_type(extension);
    return facts->complete && facts->detected.type &&
           (contradicts(declared, facts->detected) || is_disguised_program(declared, facts->detected));
}

/* A script cannot be told from other text by its bytes: then its name does, since the name is what runs it. */
static gboolean is_executable(const attachment_facts *facts, slice extension)
{
    if (facts->detected.traits & FILE_TRAIT_EXECUTABLE)
        return TRUE;
    gboolean unknown = facts->detected.family == FILE_FAMILY_TEXT || facts->detected.family == FILE_FAMILY_UNKNOWN;
    return facts->detected.type && unknown && file_extension_classify(extension) == FILE_EXTENSION_EXECUTABLE;
}

static anomaly_set check_archive(const archive_listing *listing)
{
    anomaly_set met = listing->anomalies;
    if (listing->encrypted)
        met |= ANOMALY_BIT(ANOMALY_ENCRYPTED_ARCHIVE);
    if (listing->has_executable)
        met |= ANOMALY_BIT(ANOMALY_ARCHIVE_WITH_EXECUTABLE);
    return met;
}

anomaly_set attachment_check(const attachment_facts *facts)
{
    slice name = slice_of(facts->filename), extension = file_extension_of(name);
    anomaly_set met = 0;
    if (is_mismatch(facts, extension))
        met |= ANOMALY_BIT(ANOMALY_TYPE_MISMATCH);
    if (is_executable(facts, extension))
        met |= ANOMALY_BIT(ANOMALY_EXECUTABLE_CONTENT);
    if (file_extension_is_double(name))
        met |= ANOMALY_BIT(ANOMALY_DOUBLE_EXTENSION);
    if (file_extension_has_override(facts->filename))
        met |= ANOMALY_BIT(ANOMALY_RTLO_FILENAME);
    if (facts->detected.traits & FILE_TRAIT_MACROS)
        met |= ANOMALY_BIT(ANOMALY_MACRO_DOCUMENT);
    if (facts->detected.traits & FILE_TRAIT_ENCRYPTED)
        met |= ANOMALY_BIT(ANOMALY_ENCRYPTED_ARCHIVE);
    return facts->listing ? met | check_archive(facts->listing) : met;
}
