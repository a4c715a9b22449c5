#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "support/box/misbehaviour.hpp"
#include "support/box/traffic.hpp"

namespace cmdsrv::test {

/// The internet of a box: one HTTP server on 127.0.0.1 and 127.0.0.2 (same port), so that two mirrors have different
/// host names. It misbehaves when told, by Set or through /control:
///   GET  /control                        the rules in force
///   GET  /control?kind=drop&path=…&at=…  adds a rule; POST with the same as JSON
///   GET  /control?action=clear|release|reset_stats
///   GET  /control/stats                  what was asked and sent, by path
/// One thread a connection: it is a test tool, and raw control of the line matters more than speed.
class BoxServer {
 public:
  struct Options {
    unsigned port = 0;       ///< 0: any that is free on both addresses
    unsigned entries = 120;  ///< the OPDS feed is padded to this
  };

  /// Listens, serves, and makes the box's configuration and catalogs point here (PointToPort).
  static Result<std::unique_ptr<BoxServer>> Start(const std::string& root, const Options& options);
  static Result<std::unique_ptr<BoxServer>> Start(const std::string& root) { return Start(root, Options{}); }

  /// Ends all connections.
  virtual ~BoxServer() = default;

  virtual unsigned Port() const = 0;
  std::string Url(std::string_view path, int mirror = 1) const;

  /// The id of the rule. Any thread, at any time.
  virtual int Set(const Misbehaviour& rule) = 0;
  virtual void Clear() = 0;
  /// How many answers met the rule so far.
  virtual unsigned TimesMet(int rule) const = 0;
  /// Lets every stalled answer go on.
  virtual void Release() = 0;
  /// Answers that stand still now.
  virtual unsigned Stalled() const = 0;

  virtual PathTraffic TrafficOf(const std::string& path) const = 0;
  virtual void ResetTraffic() = 0;
};

}  // namespace cmdsrv::test
