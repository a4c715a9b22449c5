#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

/// Small documents and heads over HTTP, and hashes of large files. Loads iiab-cmdsrv-net.so at the first use.
namespace cmdsrv::net {

struct Deadlines {
  long connect_s = 30;
  long stall_s = 60;
  long total_s = 0;  ///< 0: none
};

// Errors are sentences that name the address. NoNetwork: no host could be reached. Timeout, TryLater: the line broke,
// or the server answered that it cannot now. NotFound (404, 410), Refused (401, 403, 451): asking again is of no use.
// Unavailable: our own module cannot be loaded.

/// The whole document. Errors: the above, and Corrupt when it is larger than `limit` bytes.
Result<std::string> Get(const std::string& url, std::uint64_t limit, const Deadlines& deadlines);

/// A request that is more than a download.
struct Exchanged {
  std::string url;
  std::string method = {};                ///< empty: GET
  std::vector<std::string> headers = {};  ///< "Name: value"
  std::string body = {};
  const Secret* bearer = nullptr;  ///< not sent on to another host by a redirect; wiped behind
};

struct Reply {
  long status = 0;
  std::string body = {};                     ///< of a status below 300
  std::optional<std::int64_t> more_at = {};  ///< no request is left until then (seconds since 1970; 0: not said)
};

/// Any HTTP status is an answer.
Result<Reply> Exchange(const Exchanged& asked, std::uint64_t limit, const Deadlines& deadlines);

struct Head {
  long status = 0;
  std::optional<std::uint64_t> length;
  std::string url;  ///< after redirects
  std::string etag;
  std::string last_modified;
  std::string content_type;
};

/// What the server says about the file. Any HTTP status is an answer.
Result<Head> Ask(const std::string& url, const Deadlines& deadlines);

/// Of a file, lower-case hexadecimal.
struct Digests {
  std::string sha256;  ///< of all bytes
  std::string md5;     ///< of as many bytes from the start as were asked; empty when none were
};

/// Reads the file once, however large it is. `progress` gets the bytes read so far, now and then.
Result<Digests> ReadDigests(const std::string& path, std::uint64_t md5_bytes,
                            const std::function<void(std::uint64_t)>& progress);

/// What an HTTP status from 300 on means for the one who asked: NotFound, Refused or TryLater.
ErrorCode CodeOfStatus(long status);

/// "503 (service unavailable)".
std::string StatusText(long status);

}  // namespace cmdsrv::net
