#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

/// A catalog file as an immutable snapshot that is read again when the file has changed. `Catalog` has
/// `static Result<Catalog> Parse(std::string_view)`. Any thread.
template <class Catalog>
class CatalogCache {
 public:
  /// `name` and `remedy` are for the message: "cannot read the `name` X (why); `remedy`".
  CatalogCache(std::string path, std::string_view name, std::string_view remedy)
      : path_(std::move(path)), name_(name), remedy_(remedy) {}

  /// Unavailable when the file is missing or broken, saying how to mend it. A broken new file keeps nothing of the old
  /// one.
  Result<std::shared_ptr<const Catalog>> Get() {
    const std::scoped_lock lock(mutex_);
    // Looked at before reading: if the file is replaced in between, the next call sees other facts and reads again.
    const auto facts = Look(path_);
    if (facts && facts_ == facts) return current_;
    facts_ = facts;
    const auto text = ReadFile(path_);
    auto catalog = text ? Catalog::Parse(*text) : Result<Catalog>(Failure(text.error()));
    if (catalog) return current_ = std::make_shared<const Catalog>(*std::move(catalog));
    return current_ = Fail(ErrorCode::Unavailable, "cannot read the {} {} ({}); {}", name_, path_,
                           catalog.error().message, remedy_);
  }

 private:
  const std::string path_;
  const std::string_view name_, remedy_;
  std::mutex mutex_;
  std::optional<FileFacts> facts_;
  Result<std::shared_ptr<const Catalog>> current_ = nullptr;
};

}  // namespace cmdsrv
