#pragma once

#include <memory>
#include <string>
#include <vector>

namespace cmdsrv::test {

/// A system bus with nobody on it but a systemd that makes scopes and tells about units, at a socket of its own: it
/// answers as the real one does, writes down what it was asked for, and can be silent or refuse. Runs in a thread of
/// its own.
class StandInSystemd {
 public:
  enum class Manner {
    Works,     ///< a job, and soon its end "done"
    Refuses,   ///< an error, as for a process that is gone
    Fails,     ///< a job that ends as "failed"
    IsSilent,  ///< never answers
    Babbles,   ///< answers with something that was not asked for
    GoesAway,  ///< closes the connection when it is asked
  };
  struct Asked {
    std::string name;
    std::string description;
    unsigned pid = 0;
    unsigned long long cpu_weight = 0;  ///< 0: not given
  };

  /// Listens at `socket`, a path of at most 107 bytes.
  explicit StandInSystemd(const std::string& socket);
  ~StandInSystemd();

  std::string Address() const;
  void Behave(Manner manner);
  std::vector<Asked> Wishes() const;

  /// A unit that it knows; of all others it says what the real one says. An empty file state: loaded without a file.
  void SetUnit(const std::string& name, const std::string& active, const std::string& file_state);
  /// Calls of methods about units, "ListUnitsByNames kiwix-serve.service cups.service".
  std::vector<std::string> UnitCalls() const;

  /// Connections that were made, and matches that are in force now.
  int Connections() const;
  int Matches() const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace cmdsrv::test
