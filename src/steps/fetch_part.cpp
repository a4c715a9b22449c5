#include "steps/fetch_part.hpp"

#include <sys/stat.h>

#include "platform/files.hpp"
#include "steps/say.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kNoteLimit = 64U << 10U;

json::object NoteOf(const FetchSource& source) {
  return {{"size", source.metalink.size},
          {"sha256", source.sha256},
          {"url", source.seen_url},
          {"etag", source.etag},
          {"last_modified", source.last_modified}};
}

/// Both are known and they differ.
bool Contradict(std::string_view noted, std::string_view seen) {
  return !noted.empty() && !seen.empty() && noted != seen;
}

/// Empty, or what tells that the remote file is not the one that was begun.
std::string_view WhatChanged(const json::object& note, const FetchSource& source) {
  if (Contradict(TextMember(note, "sha256"), source.sha256)) return "hash";
  const json::value* size = note.if_contains("size");
  const std::uint64_t noted_size =
      size != nullptr && size->is_int64() ? static_cast<std::uint64_t>(size->get_int64()) : 0;
  if (noted_size != 0 && source.metalink.size != 0 && noted_size != source.metalink.size) return "size";
  // An equal hash is the better witness; and mirrors have ETags and dates of their own.
  if (!source.sha256.empty() && TextMember(note, "sha256") == source.sha256) return {};
  if (TextMember(note, "url") != source.seen_url) return {};
  if (Contradict(TextMember(note, "etag"), source.etag)) return "ETag";
  if (Contradict(TextMember(note, "last_modified"), source.last_modified)) return "date";
  return {};
}

std::uint64_t NumberOf(const json::object& note, std::string_view key) {
  const json::value* value = note.if_contains(key);
  return value != nullptr && value->is_int64() && value->get_int64() > 0
             ? static_cast<std::uint64_t>(value->get_int64())
             : 0;
}

}  // namespace

FetchPart::FetchPart(const std::string& directory, const std::string& file)
    : directory_(directory), name_(file + ".part"), final_(directory + file), part_(directory + name_) {}

std::uint64_t FetchPart::Bytes() const {
  const auto facts = Look(part_);
  return facts ? facts->bytes : 0;
}

std::uint64_t FetchPart::Allocated() const {
  struct stat facts {};
  return ::lstat(part_.c_str(), &facts) == 0 ? static_cast<std::uint64_t>(facts.st_blocks) * 512 : 0;
}

bool FetchPart::HasControlFile() const { return Look(ControlPath()).has_value(); }

json::object FetchPart::ReadNote() const {
  const auto text = ReadFile(NotePath(), kNoteLimit);
  if (!text) return {};
  auto note = ParseJson(*text);
  return note && note->is_object() ? std::move(note->get_object()) : json::object{};
}

Result<void> FetchPart::WriteNote(const json::object& note) const {
  return WriteFileAtomically(NotePath(), PrintJsonIndented(note));
}

Result<bool> FetchPart::Reconcile(const FetchSource& source) {
  const json::object note = ReadNote();
  const std::string_view changed = WhatChanged(note, source);
  const bool begun = Look(part_).has_value();
  if (begun && !changed.empty()) {
    Say("the file on the server has another {} than the one that was begun: starting over", changed);
    if (auto removed = RemoveAll(); !removed) return Failure(removed.error());
  }
  // What is not known this time (the server gave no ETag) was perhaps known when the part was begun.
  json::object next = NoteOf(source);
  if (begun && changed.empty()) {
    for (const auto& [key, value] : note) {
      if (!next.contains(key) || next[key] == json::value("") || next[key] == json::value(0)) next[key] = value;
    }
  }
  if (auto written = WriteNote(next); !written) return Failure(written.error());
  return begun && !changed.empty();
}

Result<void> FetchPart::NoteProgram(pid_t pid) {
  const auto identity = Identify(pid);
  if (!identity) return {};
  json::object note = ReadNote();
  note["program"] = {{"boot_id", identity->boot_id}, {"pid", identity->pid}, {"start_ticks", identity->start_ticks}};
  return WriteNote(note);
}

std::optional<ProcessIdentity> FetchPart::NotedProgram() const {
  const json::object note = ReadNote();
  const json::value* program = note.if_contains("program");
  if (program == nullptr || !program->is_object()) return std::nullopt;
  const json::object& noted = program->get_object();
  return ProcessIdentity{std::string(TextMember(noted, "boot_id")), static_cast<pid_t>(NumberOf(noted, "pid")),
                         NumberOf(noted, "start_ticks")};
}

Result<void> FetchPart::RemoveControlFile() const {
  return RemoveFile(ControlPath()).map([](bool) {});
}

Result<void> FetchPart::RemoveBeside() const {
  for (const std::string& path : {ControlPath(), MetalinkPath(), NotePath()}) {
    if (const auto removed = RemoveFile(path); !removed) return Failure(removed.error());
  }
  return {};
}

Result<void> FetchPart::RemoveAll() const {
  // The part first: a part without its control file would look complete up to its last byte.
  if (const auto removed = RemoveFile(part_); !removed) return Failure(removed.error());
  return RemoveBeside();
}

Result<void> FetchPart::Accept() const {
  return MoveFileDurably(part_, final_).and_then([&] { return RemoveBeside(); });
}

}  // namespace cmdsrv
