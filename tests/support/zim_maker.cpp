#include "support/zim_maker.hpp"

#include <sodium.h>
#include <unistd.h>
#include <zim/archive.h>
#include <zim/item.h>
#include <zim/writer/creator.h>
#include <zim/writer/item.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "support/files.hpp"
#include "support/png.hpp"

namespace cmdsrv::test {
namespace {

constexpr std::uint64_t kPictureBytes = 512U << 10U;

/// xorshift64*: bytes that no compressor makes smaller, the same on every machine.
std::string Noise(std::uint64_t bytes, std::uint64_t seed) {
  std::string out(bytes, '\0');
  std::uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
  for (std::size_t i = 0; i < out.size(); ++i) {
    state ^= state >> 12U;
    state ^= state << 25U;
    state ^= state >> 27U;
    out[i] = static_cast<char>((state * 0x2545f4914f6cdd1dU) >> 56U);
  }
  return out;
}

std::string PageHtml(const ZimSpec& spec, unsigned number) {
  return fmt::format(
      "<!DOCTYPE html><html lang=\"{0}\"><head><meta charset=\"utf-8\"><title>{1}, page {2}</title></head><body>"
      "<h1>{1}, page {2}</h1><p>Well number {2} of the village gives clean water in the dry season. "
      "Lesson {2}: boil, cool, drink.</p></body></html>",
      spec.language, spec.title, number);
}

void AddPages(zim::writer::Creator& creator, const ZimSpec& spec) {
  const zim::writer::Hints front = {{zim::writer::FRONT_ARTICLE, 1}};
  for (unsigned number = 1; number <= std::max(1U, spec.articles); ++number) {
    creator.addItem(zim::writer::StringItem::create(fmt::format("page-{}", number), "text/html",
                                                    fmt::format("{} {}", spec.title, number), front,
                                                    PageHtml(spec, number)));
  }
  std::uint64_t left = spec.payload_bytes;
  for (unsigned number = 1; left > 0; ++number) {
    const std::uint64_t bytes = std::min(left, kPictureBytes);
    creator.addItem(zim::writer::StringItem::create(fmt::format("picture-{}", number), "image/jpeg", "",
                                                    zim::writer::Hints{{zim::writer::COMPRESS, 0}},
                                                    Noise(bytes, spec.seed * 1000 + number)));
    left -= bytes;
  }
}

/// The name that a catalog gives: the file's without date and flavour.
std::string BookName(const ZimSpec& spec) {
  std::string name = spec.file_ref.substr(0, spec.file_ref.rfind('_'));
  const std::string ending = "_" + spec.flavour;
  if (!spec.flavour.empty() && name.ends_with(ending)) name.resize(name.size() - ending.size());
  return name;
}

void AddMetadata(zim::writer::Creator& creator, const ZimSpec& spec) {
  creator.addMetadata("Title", spec.title);
  creator.addMetadata("Description", spec.description);
  creator.addMetadata("Language", spec.language);
  creator.addMetadata("Creator", spec.creator);
  creator.addMetadata("Publisher", spec.publisher);
  creator.addMetadata("Name", BookName(spec));
  creator.addMetadata("Flavour", spec.flavour);
  creator.addMetadata("Tags", spec.tags);
  creator.addMetadata("Date", spec.date);
  creator.addIllustration(48, MakePng(48, 0x3366cc + static_cast<std::uint32_t>(spec.seed % 64)));
}

zim::Uuid ToZimUuid(const std::string& text) {
  char bytes[16] = {};
  sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes), sizeof bytes, text.data(), text.size(), "-", nullptr,
                 nullptr);
  return zim::Uuid(bytes);
}

std::string Metadata(const zim::Archive& archive, const std::string& name) try {
  return archive.getMetadata(name);
} catch (const std::exception&) {
  return {};
}

}  // namespace

std::string UuidFor(std::string_view text) {
  const std::string hex = Sha256(text);
  return fmt::format("{}-{}-4{}-8{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(13, 3), hex.substr(17, 3),
                     hex.substr(20, 12));
}

Result<std::string> MakeZim(const std::string& directory, const ZimSpec& spec) try {
  if (auto made = MakeDirs(directory); !made) return Failure(made.error());
  const std::string path = fmt::format("{}/{}.zim", directory, spec.file_ref);
  const std::string temporary = fmt::format("{}/.{}.{}.new", directory, spec.file_ref, ::getpid());
  {
    zim::writer::Creator creator;
    creator.configNbWorkers(1).configIndexing(spec.full_text_index, spec.language);
    creator.startZimCreation(temporary);
    AddPages(creator, spec);
    AddMetadata(creator, spec);
    creator.setMainPath("page-1");
    creator.setUuid(ToZimUuid(spec.uuid.empty() ? UuidFor(fmt::format("{} {}", spec.file_ref, spec.seed)) : spec.uuid));
    creator.finishZimCreation();
  }
  std::filesystem::rename(temporary, path);
  return path;
} catch (const std::exception& failure) {
  return Fail(ErrorCode::Io, "cannot make the ZIM {} in {}: {}", spec.file_ref, directory, failure.what());
}

Result<ZimFacts> ReadZimFacts(const std::string& path) try {
  const zim::Archive archive(path);
  ZimFacts facts;
  facts.path = path;
  facts.file_ref = std::filesystem::path(path).stem();
  facts.uuid = std::string(archive.getUuid());
  facts.title = Metadata(archive, "Title");
  facts.description = Metadata(archive, "Description");
  facts.language = Metadata(archive, "Language");
  facts.creator = Metadata(archive, "Creator");
  facts.publisher = Metadata(archive, "Publisher");
  facts.name = Metadata(archive, "Name");
  facts.flavour = Metadata(archive, "Flavour");
  facts.tags = Metadata(archive, "Tags");
  facts.date = Metadata(archive, "Date");
  facts.bytes = SizeOf(path);
  facts.articles = archive.getArticleCount();
  facts.media = archive.getMediaCount();
  return facts;
} catch (const std::exception& failure) {
  return Fail(ErrorCode::Corrupt, "cannot read the ZIM {}: {}", path, failure.what());
}

bool IsSoundZim(const std::string& path) {
  try {
    return zim::Archive(path).check();
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace cmdsrv::test
