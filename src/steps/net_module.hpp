#pragma once

#include <stddef.h>
#include <stdint.h>

/// The C door of iiab-cmdsrv-net.so, the only part that knows libcurl and libcrypto. It is loaded by the steps that
/// need it, so that the others start in a millisecond. No exception and no C++ type crosses it; texts are cut to their
/// fields. steps/net.hpp is the way to use it.
extern "C" {

struct CmdsrvHttpRequest {
  const char* url;
  int head;                              ///< 1: only the head
  uint64_t limit;                        ///< most bytes of the answer; more is an error
  long connect_s;                        ///< deadlines in seconds
  long stall_s;                          ///< without a byte
  long total_s;                          ///< 0: none
  const char* method = nullptr;          ///< NULL: GET, or HEAD
  const char* const* headers = nullptr;  ///< "Name: value", ended by NULL; may be NULL
  const char* body = nullptr;            ///< sent along when not NULL
  size_t body_size = 0;
};

struct CmdsrvHttpAnswer {
  long status;     ///< 0: no answer came
  int64_t length;  ///< Content-Length; -1: not given
  int too_large;   ///< 1: longer than the limit
  int no_host;     ///< 1: no host was found or none answered the call
  char url[4096];  ///< after redirects
  char etag[256];  ///< with its quotes; empty: none
  char last_modified[64];
  char content_type[128];
  char rate_remaining[24];  ///< of x-ratelimit-remaining: requests that are left; empty: not said
  char rate_reset[24];      ///< of x-ratelimit-reset: seconds since 1970 when there are more
  char error[256];          ///< empty: the transfer itself went well, whatever the status
};

/// `sink` gets the body piece by piece, of answers with status 2xx only; it returns 0 to go on.
typedef int (*CmdsrvSink)(void* user, const char* data, size_t size);
typedef void (*CmdsrvHttp)(const CmdsrvHttpRequest* request, CmdsrvHttpAnswer* answer, CmdsrvSink sink, void* user);
void cmdsrv_http(const CmdsrvHttpRequest* request, CmdsrvHttpAnswer* answer, CmdsrvSink sink, void* user);

/// What the bytes of a file come to, lower-case hexadecimal with a final zero.
struct CmdsrvDigests {
  uint64_t md5_bytes;  ///< in: how many bytes from the start have the MD5; 0: it is not asked
  char sha256[65];     ///< of all bytes
  char md5[33];
};

/// Reads `file` once from its start. `progress` is called now and then with the bytes read so far. 0, or an errno;
/// ENOTSUP when the library does not know one of the two.
typedef void (*CmdsrvReadSoFar)(void* user, uint64_t bytes);
typedef int (*CmdsrvDigest)(int file, CmdsrvDigests* digests, CmdsrvReadSoFar progress, void* user);
int cmdsrv_digest(int file, CmdsrvDigests* digests, CmdsrvReadSoFar progress, void* user);
}
