#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "platform/process.hpp"
#include "steps/fetch_source.hpp"

namespace cmdsrv {

/// A file on its way: NAME.part and what is kept beside it. Under the NAME itself only proven files appear.
class FetchPart {
 public:
  /// `directory` ends in '/'; `file` is a plain name: "X.zim".
  FetchPart(const std::string& directory, const std::string& file);

  const std::string& Directory() const { return directory_; }
  const std::string& FinalPath() const { return final_; }  ///< NAME
  const std::string& PartPath() const { return part_; }    ///< NAME.part
  std::string PartName() const { return name_; }
  std::string ControlPath() const { return part_ + ".aria2"; }   ///< aria2's: which pieces are there
  std::string MetalinkPath() const { return part_ + ".meta4"; }  ///< ours, for aria2
  std::string NotePath() const { return part_ + ".json"; }       ///< ours: which version of the file it is

  std::uint64_t Bytes() const;      ///< of the part as it stands; with a control file there may be holes in it
  std::uint64_t Allocated() const;  ///< bytes of disk that it has already
  bool HasControlFile() const;

  /// Throws the part away when it belongs to another version of the file than `source` (other hash, other size, or the
  /// same address with another ETag or date), and notes the version of what will be fetched now. True when something
  /// was thrown away. A part without a note is kept: its proof at the end tells.
  Result<bool> Reconcile(const FetchSource& source);

  /// Who downloads into it, for the case that we are killed and it is not.
  Result<void> NoteProgram(pid_t pid);
  std::optional<ProcessIdentity> NotedProgram() const;

  Result<void> RemoveControlFile() const;
  Result<void> RemoveAll() const;     ///< the part and everything beside it
  Result<void> RemoveBeside() const;  ///< everything beside it
  /// The proven part becomes NAME, durably.
  Result<void> Accept() const;

 private:
  json::object ReadNote() const;
  Result<void> WriteNote(const json::object& note) const;

  std::string directory_;
  std::string name_;
  std::string final_;
  std::string part_;
};

}  // namespace cmdsrv
