#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gateway/http_message.hpp"

namespace cmdsrv::gateway {

/// The files of one directory, for a page that is served without nginx. Nothing outside of it is ever opened: no "..",
/// no link, no hidden name, no device. One thread.
class StaticFiles {
 public:
  /// NotFound when there is no such directory.
  static Result<StaticFiles> Of(const std::string& directory);

  /// `path`: below the directory, as sent ("/", "/js/a%20b.js"). 200 with the file (the .gz beside it for clients that
  /// take it), 304 when the client has it, 301 for a directory without its slash, otherwise 404.
  HttpResponse Answer(const HttpRequest& request, std::string_view path) const;

 private:
  explicit StaticFiles(std::shared_ptr<const OpenFile> directory) : directory_(std::move(directory)) {}

  std::shared_ptr<const OpenFile> directory_;
};

/// The path as names below a directory ("js/a b.js"; "" for the directory itself), or nothing when it is no path that
/// may be opened. Pure.
std::optional<std::string> SafePath(std::string_view sent);

}  // namespace cmdsrv::gateway
