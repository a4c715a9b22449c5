#include "gateway/upload.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/names.hpp"
#include "base/text.hpp"
#include "gateway/private_file.hpp"

namespace cmdsrv::gateway {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMostFiles = 20;
constexpr std::size_t kLongestBoundary = 70;

struct Kind {
  std::string_view ending, signature;
};
constexpr std::array kKinds = {
    Kind{".jpg", "\xff\xd8\xff"sv}, Kind{".jpeg", "\xff\xd8\xff"sv}, Kind{".png", "\x89PNG\r\n\x1a\n"sv},
    Kind{".gif", "GIF87a"sv},       Kind{".gif", "GIF89a"sv},
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

/// The value of `key` in "form-data; name=\"file\"; filename=\"a.png\"". Names with quotes are none that we take.
std::optional<std::string_view> ParameterOf(std::string_view header, std::string_view key) {
  for (const std::string_view part : Split(header, ';')) {
    const std::string_view text = Trim(part);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || Lower(text.substr(0, equals)) != key) continue;
    std::string_view value = text.substr(equals + 1);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) value = value.substr(1, value.size() - 2);
    return value;
  }
  return std::nullopt;
}

struct Part {
  std::string_view disposition, content;
};

/// The next part and what is behind it; nothing at the end, and for what is no multipart text.
std::optional<Part> TakePart(std::string_view& rest, std::string_view boundary) {
  const std::string open = fmt::format("--{}\r\n", boundary);
  if (!rest.starts_with(open)) return std::nullopt;
  rest.remove_prefix(open.size());
  const std::size_t head = rest.find("\r\n\r\n");
  const std::size_t end =
      rest.find(fmt::format("\r\n--{}", boundary), head == std::string_view::npos ? head : head + 2);
  if (head == std::string_view::npos || end == std::string_view::npos) return std::nullopt;
  Part part;
  for (const std::string_view line : Split(rest.substr(0, head), '\n')) {
    constexpr std::string_view kName = "content-disposition:";
    if (Lower(line.substr(0, kName.size())) == kName) part.disposition = Trim(line.substr(kName.size()));
  }
  // The line break in front of the boundary belongs to it; an empty part shares it with the head.
  part.content = end >= head + 4 ? rest.substr(head + 4, end - head - 4) : std::string_view();
  rest.remove_prefix(end + 2);
  return part;
}

bool IsPicture(const Upload& upload) {
  const std::string name = Lower(upload.name);
  return std::ranges::any_of(kKinds, [&](const Kind& kind) {
    return name.ends_with(kind.ending) && upload.bytes.starts_with(kind.signature);
  });
}

}  // namespace

Result<Upload> ReadUpload(std::string_view content_type, std::string_view body) {
  const auto boundary = ParameterOf(content_type, "boundary");
  if (!Lower(content_type).starts_with("multipart/form-data") || !boundary || boundary->empty() ||
      boundary->size() > kLongestBoundary) {
    return Fail(ErrorCode::Refused, "There is no file.");
  }
  while (const auto part = TakePart(body, *boundary)) {
    if (ParameterOf(part->disposition, "name") != "file") continue;
    Upload upload{std::string(ParameterOf(part->disposition, "filename").value_or("")), part->content};
    std::ranges::replace(upload.name, ' ', '_');  // as MOVE-UPLOADED-FILE does
    if (!IsSafeName(upload.name)) {
      return Fail(ErrorCode::Refused, "Please give the file a name of letters, digits, - and _ only.");
    }
    if (!IsPicture(upload)) return Fail(ErrorCode::Refused, "The file is not a JPEG, PNG or GIF picture.");
    return upload;
  }
  return Fail(ErrorCode::Refused, "There is no file.");
}

Result<void> StoreUpload(const std::string& directory, const Upload& upload) {
  std::error_code failed;
  std::size_t others = 0;
  // By hand: the loop of the language would throw where reading on fails, through the HTTP library.
  for (std::filesystem::directory_iterator entry(directory, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (entry->path().filename() != upload.name) ++others;
  }
  if (failed) return Fail(ErrorCode::NotFound, "cannot list {}: {}", directory, failed.message());
  if (others >= kMostFiles) return Fail(ErrorCode::Refused, "Too many uploaded files wait for being moved.");
  return ReplaceFile(directory + "/" + upload.name, upload.bytes, 0644);
}

}  // namespace cmdsrv::gateway
