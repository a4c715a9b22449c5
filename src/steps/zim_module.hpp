#pragma once

#include <stddef.h>

/// The C door of iiab-cmdsrv-zim.so, the only part that knows libzim and libkiwix (and so Xapian and ICU, which take
/// many milliseconds to load). No exception and no C++ type crosses it; texts are cut to their size. steps/zim.hpp is
/// the way to use it.
extern "C" {

/// Opens the ZIM; with `whole` its checksum is compared too, which reads all of it. 1: sound; 0: `why` says what is
/// wrong.
typedef int (*CmdsrvZimCheck)(const char* path, int whole, char* why, size_t why_size);
int cmdsrv_zim_check(const char* path, int whole, char* why, size_t why_size);

struct CmdsrvLibraryChange {
  const char* library;         ///< the library to start from; null: an empty one
  const char* written;         ///< where the result goes; in the directory that paths of books are relative to
  const char* const* removed;  ///< ids of books, null at the end
  const char* const* added;    ///< absolute paths of ZIMs, null at the end
  void (*refused)(void* user, const char* path, const char* why);  ///< called for each ZIM that could not be added
  void* user;
};

/// Writes the changed library. 1: written; 0: `why` says why not.
typedef int (*CmdsrvLibraryWrite)(const CmdsrvLibraryChange* change, char* why, size_t why_size);
int cmdsrv_library_write(const CmdsrvLibraryChange* change, char* why, size_t why_size);
}
