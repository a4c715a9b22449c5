#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

/// An icon that the console uploads (spec gateway 11). Reading is pure.
namespace cmdsrv::gateway {

inline constexpr std::string_view kUploadPath = "/admin/upload-image.php";
inline constexpr std::size_t kMaxUploadBytes = 5U << 20U;

struct Upload {
  std::string name;
  std::string_view bytes;  ///< part of the body
};

/// The field "file" of a multipart form. Errors: Refused, with a sentence for the person at the browser: no such field,
/// a name that is none, or no picture (JPEG, PNG or GIF, by its first bytes and by its name).
Result<Upload> ReadUpload(std::string_view content_type, std::string_view body);

/// Puts it into `directory` under its name, whole or not at all. Refused when there are 20 others already; NotFound,
/// Io, NoSpace.
Result<void> StoreUpload(const std::string& directory, const Upload& upload);

}  // namespace cmdsrv::gateway
