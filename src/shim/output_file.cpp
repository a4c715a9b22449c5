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
    const std::uint64_t room = RoomInOutput(total_);
    const std::size_t piece = size < room ? size : static_cast<std::size_t>(room);
    WriteAt(descriptor_, PlaceInOutput(total_), bytes, piece);
    bytes += piece;
    size -= piece;
    total_ += piece;
  }
}

}  // namespace cmdsrv::shim
