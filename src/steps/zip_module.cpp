#include "steps/zip_module.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

#include <exception>
#include <memory>

namespace {

constexpr size_t kPiece = 256U << 10U;

void Put(char* field, size_t size, const char* text) {
  if (size == 0) return;
  if (text == nullptr) text = "libarchive does not say why";
  const size_t length = strlen(text);
  const size_t count = length < size ? length : size - 1;
  memcpy(field, text, count);
  field[count] = '\0';
}

/// libarchive turns names into the charset of the locale; without one, names that are not plain ASCII would be lost.
class Utf8Locale {
 public:
  Utf8Locale() : mine_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (mine_ != nullptr) before_ = uselocale(mine_);
  }
  ~Utf8Locale() {
    if (mine_ == nullptr) return;
    uselocale(before_);
    freelocale(mine_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t mine_;
  locale_t before_ = nullptr;
};

CmdsrvZipKind KindOf(archive_entry* entry) {
  // A hard link has the type of a file and a second name.
  if (archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr) return kCmdsrvZipLink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG: return kCmdsrvZipFile;
    case AE_IFDIR: return kCmdsrvZipDirectory;
    case AE_IFLNK: return kCmdsrvZipLink;
    default: return kCmdsrvZipOther;
  }
}

class Reader {
 public:
  Reader(CmdsrvZipEntryFunction entry, CmdsrvZipDataFunction data, void* user)
      : archive_(archive_read_new(), archive_read_free), entry_(entry), data_(data), user_(user) {}

  CmdsrvZipEnd Read(int file) {
    // Only the reader that believes the table of contents at the end: the other one takes a cut archive for a whole
    // one.
    if (!archive_ || archive_read_support_format_zip_seekable(archive_.get()) != ARCHIVE_OK ||
        archive_read_open_fd(archive_.get(), file, kPiece) != ARCHIVE_OK)
      return kCmdsrvZipDamaged;
    for (;;) {
      archive_entry* entry = nullptr;
      const int got = archive_read_next_header(archive_.get(), &entry);
      if (got == ARCHIVE_EOF) return kCmdsrvZipDone;
      if (got != ARCHIVE_OK && got != ARCHIVE_WARN) return kCmdsrvZipDamaged;
      const CmdsrvZipEnd end = Take(entry, got == ARCHIVE_WARN);
      if (end != kCmdsrvZipDone) return end;
    }
  }

  const char* Why() const { return archive_ ? archive_error_string(archive_.get()) : "there is not enough memory"; }

 private:
  CmdsrvZipEnd Take(archive_entry* entry, bool doubtful) {
    const bool sized = archive_entry_size_is_set(entry) != 0 && archive_entry_size(entry) >= 0;
    const CmdsrvZipEntry facts{archive_entry_pathname(entry), KindOf(entry),
                               sized ? static_cast<uint64_t>(archive_entry_size(entry)) : UINT64_MAX, doubtful ? 1 : 0};
    const int wanted = entry_(user_, &facts);
    if (wanted == 0) return kCmdsrvZipDone;
    return wanted == 1 ? TakeData() : kCmdsrvZipStopped;
  }

  CmdsrvZipEnd TakeData() {
    for (;;) {
      const la_ssize_t got = archive_read_data(archive_.get(), piece_.get(), kPiece);
      if (got < 0) return kCmdsrvZipDamaged;  // a wrong checksum comes as such a failure
      if (data_(user_, piece_.get(), static_cast<size_t>(got)) != 0) return kCmdsrvZipStopped;
      if (got == 0) return kCmdsrvZipDone;
    }
  }

  std::unique_ptr<archive, int (*)(archive*)> archive_;
  CmdsrvZipEntryFunction entry_;
  CmdsrvZipDataFunction data_;
  void* user_;
  std::unique_ptr<char[]> piece_ = std::make_unique<char[]>(kPiece);
};

}  // namespace

CmdsrvZipEnd cmdsrv_zip_read(int file, CmdsrvZipEntryFunction entry, CmdsrvZipDataFunction data, void* user, char* why,
                             size_t why_size) {
  try {
    const Utf8Locale locale;
    Reader reader(entry, data, user);
    const CmdsrvZipEnd end = reader.Read(file);
    if (end == kCmdsrvZipDamaged) Put(why, why_size, reader.Why());
    return end;
  } catch (const std::exception& error) {
    Put(why, why_size, error.what());
    return kCmdsrvZipDamaged;
  }
}
