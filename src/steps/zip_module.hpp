#pragma once

#include <stddef.h>
#include <stdint.h>

/// The C door of iiab-cmdsrv-zip.so, the only part that knows libarchive. No exception and no C++ type crosses it;
/// texts are cut to their size. steps/zip.hpp is the way to use it.
extern "C" {

enum CmdsrvZipKind { kCmdsrvZipFile, kCmdsrvZipDirectory, kCmdsrvZipLink, kCmdsrvZipOther };

struct CmdsrvZipEntry {
  const char* path;  ///< as the archive says it; null: it has no name that can be read
  enum CmdsrvZipKind kind;
  uint64_t bytes;  ///< unpacked, as the table of contents says
  int doubtful;    ///< 1: table of contents and entry contradict each other, or its name is in no known charset
};

/// Both return 0 to go on and anything else to stop; `entry` returns 1 to get the entry's data too.
typedef int (*CmdsrvZipEntryFunction)(void* user, const struct CmdsrvZipEntry* entry);
typedef int (*CmdsrvZipDataFunction)(void* user, const char* bytes, size_t size);

enum CmdsrvZipEnd { kCmdsrvZipDone, kCmdsrvZipStopped, kCmdsrvZipDamaged };

/// Goes through the entries of the open zip archive. `data` gets an entry's bytes, then once a size of 0 when the entry
/// ended and its checksum is right. Damaged: `why` says what is wrong.
typedef enum CmdsrvZipEnd (*CmdsrvZipRead)(int file, CmdsrvZipEntryFunction entry, CmdsrvZipDataFunction data,
                                           void* user, char* why, size_t why_size);
enum CmdsrvZipEnd cmdsrv_zip_read(int file, CmdsrvZipEntryFunction entry, CmdsrvZipDataFunction data, void* user,
                                  char* why, size_t why_size);
}
