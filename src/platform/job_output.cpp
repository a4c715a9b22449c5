#include "platform/job_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/run_record.hpp"
#include "platform/temporary_file.hpp"

namespace cmdsrv {
namespace {

Result<UniqueFd> Open(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return FailAt(errno, "open the output", path);
  return file;
}

/// Up to `size` bytes at `position`; shorter where the file ends.
Result<std::string> ReadAt(int file, std::uint64_t position, std::size_t size, const std::string& path) {
  std::string text(size, '\0');
  std::size_t used = 0;
  while (used < size) {
    const ssize_t got = ::pread(file, text.data() + used, size - used, static_cast<off_t>(position + used));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailAt(errno, "read the output", path);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  text.resize(used);
  return text;
}

/// Where the kept end begins: the bytes in [kJobOutputHead, RingBegin) have been overwritten.
std::uint64_t RingBegin(std::uint64_t total) {
  return std::max(kJobOutputHead, total > kJobOutputRing ? total - kJobOutputRing : 0);
}

/// A stretch that lies in one piece in the file.
struct Stretch {
  std::uint64_t offset = 0;    ///< what the step printed
  std::uint64_t position = 0;  ///< in the file
  std::uint64_t size = 0;
};

Stretch StretchAt(std::uint64_t total, std::uint64_t offset) {
  if (offset < std::min(total, kJobOutputHead)) return {offset, offset, std::min(total, kJobOutputHead) - offset};
  offset = std::clamp(offset, std::min(RingBegin(total), total), total);
  const std::uint64_t in_ring = offset < kJobOutputHead ? 0 : (offset - kJobOutputHead) % kJobOutputRing;
  return {offset, kJobOutputHead + in_ring, std::min(total - offset, kJobOutputRing - in_ring)};
}

}  // namespace

Result<OutputPiece> ReadOutput(const std::string& path, std::uint64_t total, std::uint64_t offset, std::size_t limit) {
  const auto file = Open(path);
  if (!file) return Failure(file.error());
  OutputPiece piece{.offset = 0, .next_offset = 0, .total = total, .text = {}};
  std::uint64_t at = StretchAt(total, offset).offset;
  piece.offset = at;
  while (at < total && piece.text.size() < limit) {
    const Stretch stretch = StretchAt(total, at);
    if (stretch.offset != at && !piece.text.empty()) break;  // a gap: the next call begins behind it
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(stretch.size, limit - piece.text.size()));
    auto text = ReadAt(file->Get(), stretch.position, size, path);
    if (!text) return Failure(text.error());
    if (piece.text.empty()) piece.offset = stretch.offset;
    piece.text += *text;
    at = stretch.offset + size;
    if (text->size() < size) {  // a full disk has swallowed the rest of this stretch
      at = stretch.offset + stretch.size;
      if (!piece.text.empty()) break;
      piece.offset = at;
    }
  }
  piece.next_offset = at;
  return piece;
}

Result<std::string> ReadOutputEnd(const std::string& path, std::uint64_t total, std::size_t limit) {
  // From the head on it is one piece only while nothing was overwritten.
  const std::uint64_t whole_from = total <= kJobOutputHead + kJobOutputRing ? 0 : RingBegin(total);
  const std::uint64_t from = std::max<std::uint64_t>(whole_from, total > limit ? total - limit : 0);
  std::string text;
  if (from > 0) text = fmt::format("[{} bytes left out here]\n", from);
  for (std::uint64_t at = from; at < total;) {
    const auto piece = ReadOutput(path, total, at, static_cast<std::size_t>(total - at));
    if (!piece) return Failure(piece.error());
    text += piece->text;
    at = piece->next_offset;
  }
  if (total == 0) {
    if (const auto file = Open(path); !file) return Failure(file.error());
  }
  return text;
}

std::uint64_t AppendLine(int file, std::uint64_t total, std::string_view line) {
  char last = '\n';
  if (total > 0 && ::pread(file, &last, 1, static_cast<off_t>(PlaceInOutput(total - 1))) != 1) last = '\n';
  std::string text(last == '\n' ? "" : "\n");
  text += line;
  text += '\n';
  for (std::size_t written = 0; written < text.size();) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(text.size() - written, RoomInOutput(total)));
    const ssize_t put = ::pwrite(file, text.data() + written, size, static_cast<off_t>(PlaceInOutput(total)));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return total;
    written += static_cast<std::size_t>(put);
    total += static_cast<std::uint64_t>(put);
  }
  return total;
}

}  // namespace cmdsrv
