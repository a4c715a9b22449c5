#include "support/zip_maker.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <filesystem>
#include <memory>

#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

using Archive = std::unique_ptr<archive, int (*)(archive*)>;
using Entry = std::unique_ptr<archive_entry, void (*)(archive_entry*)>;

bool Write(archive* zip, const ZipItem& item) {
  const Entry entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), item.path.c_str());
  archive_entry_set_mtime(entry.get(), 1'700'000'000, 0);
  const bool is_link = !item.link_to.empty();
  archive_entry_set_filetype(entry.get(), is_link ? AE_IFLNK : item.path.ends_with('/') ? AE_IFDIR : AE_IFREG);
  archive_entry_set_perm(entry.get(), static_cast<mode_t>(item.mode));
  if (is_link) archive_entry_set_symlink(entry.get(), item.link_to.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(item.bytes.size()));
  if (archive_write_header(zip, entry.get()) != ARCHIVE_OK) return false;
  return item.bytes.empty() || archive_write_data(zip, item.bytes.data(), item.bytes.size()) >= 0;
}

/// Little endian, `at` bytes behind the `number`-th place where `mark` stands.
bool Patch(std::string& text, std::string_view mark, unsigned number, std::size_t at, std::uint32_t value) {
  std::size_t begin = text.find(mark);
  for (; number > 0 && begin != std::string::npos; --number) begin = text.find(mark, begin + mark.size());
  if (begin == std::string::npos || begin + at + 4 > text.size()) return false;
  for (std::size_t i = 0; i < 4; ++i) text[begin + at + i] = static_cast<char>(value >> (8 * i));
  return true;
}

}  // namespace

Result<void> MakeZip(const std::string& path, const std::vector<ZipItem>& items, Packing packing) {
  if (auto made = MakeDirs(std::filesystem::path(path).parent_path()); !made) return made;
  const Archive zip(archive_write_new(), archive_write_free);
  archive_write_set_format_zip(zip.get());
  archive_write_set_format_option(zip.get(), "zip", "compression", packing == Packing::Stored ? "store" : "deflate");
  bool good = archive_write_open_filename(zip.get(), path.c_str()) == ARCHIVE_OK;
  for (const ZipItem& item : items) good = good && Write(zip.get(), item);
  if (!good || archive_write_close(zip.get()) != ARCHIVE_OK) {
    const char* why = archive_error_string(zip.get());
    return Fail(ErrorCode::Io, "cannot make the archive {}: {}", path, why != nullptr ? why : "unknown");
  }
  return {};
}

Result<void> PatchZip(const std::string& path, unsigned number, ZipField field, ZipPlace place, std::uint32_t value) {
  auto text = ReadText(path);
  if (!text) return Failure(text.error());
  const bool size = field == ZipField::UnpackedSize;
  bool good = Patch(*text, "PK\x01\x02", number, size ? 24 : 16, value);
  if (place == ZipPlace::TableAndEntry) good = good && Patch(*text, "PK\x03\x04", number, size ? 22 : 14, value);
  if (!good) return Fail(ErrorCode::NotFound, "the archive {} has no such entry", path);
  return WriteText(path, *text);
}

}  // namespace cmdsrv::test
