#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <mutex>
#include <string>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv::test {

/// Something to send: a text made for this request, or an open file.
struct Content {
  std::string type = "application/octet-stream";
  std::string text;
  UniqueFd file;
  std::uint64_t size = 0;
  std::string etag;
  std::time_t modified = 0;
};

/// What the box's internet has under which path:
///   /catalog/v2/entries          the OPDS feed of internet/zim/other, padded
///   /iiab-zim-cat.json           the catalog of internet/zim/iiab
///   /X.zim.meta4, /X.zim.sha256  made from internet/X.zim
///   /10mb.test                   10 MB of zeros
///   everything else              files below <root>/internet
/// Any thread.
class Site {
 public:
  Site(std::string root, unsigned port, unsigned entries);

  struct Request {
    std::string path;
    std::string file = {};  ///< look here below internet/ instead (the names in a metalink stay those of `path`)
    bool wrong_hash = false;
  };

  /// NotFound when there is nothing; Malformed for a path that is none.
  Result<Content> Find(const Request& request);

 private:
  const std::string root_;
  const unsigned port_;
  const unsigned entries_;
  std::mutex mutex_;
  std::map<std::string, std::string> hash_documents_;  ///< made once for a state of a file: hashing 20 MB takes a while

  Result<Content> Catalog() const;
  Result<Content> IiabCatalog() const;
  Result<Content> HashDocument(const Request& request, const std::string& ending);
};

}  // namespace cmdsrv::test
