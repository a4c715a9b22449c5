#pragma once

#include <stddef.h>

/// The C door of iiab-cmdsrv-db.so, the only part of the step program that knows SQLite. steps/foreign_db.hpp is the
/// way to use it.
extern "C" {

/// A row's cells as texts (null: NULL). Returns 0 to go on.
typedef int (*CmdsrvDbRow)(void* user, const char* const* cells, size_t count);

enum CmdsrvDbEnd { kCmdsrvDbDone, kCmdsrvDbStopped, kCmdsrvDbFailed };

/// Reads from the database of another program, which may be writing to it at the same time; nothing is ever changed.
/// `values`: bound to ?1, ?2, … as texts; ended by null. Failed: `why` says why.
typedef enum CmdsrvDbEnd (*CmdsrvDbRead)(const char* path, const char* sql, const char* const* values, CmdsrvDbRow row,
                                         void* user, char* why, size_t why_size);
enum CmdsrvDbEnd cmdsrv_db_read(const char* path, const char* sql, const char* const* values, CmdsrvDbRow row,
                                void* user, char* why, size_t why_size);
}
