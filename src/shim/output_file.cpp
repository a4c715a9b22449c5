#include "shim/output_file.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/run_record.hpp"

namespace cmdsrv::shim {
namespace {

void WriteAt(int descriptor, std::uint64_t position, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = pwrite(descriptor, bytes, size, static_cast<off_t>(position));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // no space, a failing disk, a size limit: the rest of this piece is lost
    bytes += written;
    size -= static_cast<std::size_t>(written);
    position += static_cast<std::uint64_t>(written);
  }
}

}  // namespace

void OutputFile::Append(const char* bytes, std::size_t size) {
  while (size > 0) {
    const bool in_head = total_ < kJobOutputHead;
    const std::uint64_t in_ring = in_head ? 0 : (total_ - kJobOutputHead) % kJobOutputRing;
    const std::uint64_t room = in_head ? kJobOutputHead - total_ : kJobOutputRing - in_ring;
    const std::size_t piece = size < room ? size : static_cast<std::size_t>(room);
    WriteAt(descriptor_, in_head ? total_ : kJobOutputHead + in_ring, bytes, piece);
    bytes += piece;
    size -= piece;
    total_ += piece;
  }
}

}  // namespace cmdsrv::shim
