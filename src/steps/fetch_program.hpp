#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "steps/fetch_part.hpp"
#include "steps/fetch_source.hpp"

/// The two download programs: how they are called, and what their lines mean.
namespace cmdsrv {

enum class FetchTool { Aria2, Wget };

struct FetchCall {
  FetchTool tool;
  std::string program;     ///< absolute path
  long stall_s;            ///< of the whole download; the program itself gives up a mirror earlier
  bool repair = false;     ///< aria2 only: prove the pieces that are there, fetch the wrong ones again
  std::size_t mirror = 0;  ///< wget only: which of the addresses
};

/// The program's own patience with one mirror ends before ours with the whole download, so that it can try the next.
long MirrorPatience(long stall_s);

std::vector<std::string> FetchArguments(const FetchCall& call, const FetchSource& source, const FetchPart& part);

/// Collects what a run of a download program says.
class FetchLines {
 public:
  void Add(FetchTool tool, std::string_view line);

  /// Bytes that are there, of the last readout; only aria2 tells.
  std::optional<std::uint64_t> Bytes() const { return bytes_; }
  bool IsChecking() const { return checking_; }
  bool DiskFull() const { return disk_full_; }
  /// wget cannot go on where the server gives no ranges.
  bool CannotResume() const { return cannot_resume_; }
  /// aria2c cannot read its own note of what is there; a full disk or a power cut does that to it.
  bool LostItsPlace() const { return lost_its_place_; }
  /// Every mirror that said anything has not got the file, or does not give it to us: trying again is of no use.
  bool IsHopeless() const;
  /// A piece of the file was not what its hash says.
  bool WrongHash() const { return wrong_hash_; }
  /// "the server answered 503 (service unavailable) from both mirrors"; empty when nothing was said.
  std::string Problem() const;

 private:
  struct Trouble {
    std::string reason;
    bool hopeless = false;
  };
  void AddProblem(std::string reason, bool hopeless = false) { problems_[mirror_] = {std::move(reason), hopeless}; }
  void AddStatus(std::string_view digits);
  void AddAria2(std::string_view line);
  void AddWget(std::string_view line);

  std::optional<std::uint64_t> bytes_;
  bool checking_ = false;
  bool disk_full_ = false;
  bool cannot_resume_ = false;
  bool lost_its_place_ = false;
  bool wrong_hash_ = false;
  std::string mirror_;                       ///< that wget or aria2 spoke about last
  std::map<std::string, Trouble> problems_;  ///< the last of each mirror
};

}  // namespace cmdsrv
