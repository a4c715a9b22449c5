#pragma once

// For the tests of this room: a board that remembers, and a folder with what handlers look at.
#include <cstdlib>
#include <filesystem>

#include "commands/handlers.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

class FakeBoard final : public JobBoard {
 public:
  std::vector<UnfinishedCommand> unfinished;
  std::vector<JobView> rows;
  std::optional<Error> list_error;
  std::optional<Store::ListQuery> asked;
  Result<CancelAnswer> cancel_answer = CancelAnswer::WasRunning;
  Result<LogPiece> log_piece = LogPiece{};
  ActiveSummary active;
  Result<std::vector<JobId>> retried = std::vector<JobId>{JobId{43}, JobId{44}};
  std::optional<std::uint64_t> asked_since;
  JobChanges changes;
  std::vector<SpaceClaim> claims;
  int freed = 0;
  JobEvents events{0};

  Result<Reservation> Reserve(std::string canonical) override { return Reservation({}, std::move(canonical)); }
  Result<std::vector<JobId>> Submit(CommandRow, JobPlan, Reservation) override { return std::vector<JobId>{JobId{1}}; }
  Result<CancelAnswer> Cancel(JobId) override { return cancel_answer; }
  Result<std::vector<JobId>> Retry(JobId) override { return retried; }
  JobChanges Changes(std::optional<std::uint64_t> since) override {
    asked_since = since;
    return changes;
  }
  void SpaceFreed() override { ++freed; }
  std::vector<SpaceClaim> SpaceClaims() const override { return claims; }
  JobEvents& Events() override { return events; }
  ActiveSummary Active() const override { return active; }
  std::vector<UnfinishedCommand> Unfinished() const override { return unfinished; }
  Result<std::vector<JobView>> List(const Store::ListQuery& query) override {
    asked = query;
    if (list_error) return tl::unexpected(*list_error);
    return rows;
  }
  Result<JobView> Find(JobId) override { return rows.front(); }
  Result<LogPiece> ReadLog(JobId, std::uint64_t, std::size_t) override { return log_piece; }
};

/// A root in a temporary folder with an empty configuration; removed at the end.
class FakeBox {
 public:
  FakeBox() {
    std::string name = std::filesystem::temp_directory_path() / "commands-XXXXXX";
    root = *Root::At(mkdtemp(name.data()));
    settings = *ParseSettings(root, root.Path("/opt/admin/cmdsrv"), "{}");
    for (const char* directory : {"/etc/iiab", "/library/zims", "/opt/admin/cmdsrv"}) {
      std::filesystem::create_directories(root.Path(directory));
    }
  }
  ~FakeBox() { std::filesystem::remove_all(root.Directory()); }

  void Write(const std::string& path, std::string_view text) { (void)WriteFileAtomically(path, text); }

  Services& Use() {
    if (!services_) {
      services_.emplace(Services{.settings = settings,
                                 .root = root,
                                 .clock = clock,
                                 .jobs = board,
                                 .health = health,
                                 .zim_catalog = catalog_.emplace(settings.kiwix_catalog_file),
                                 .library = library_.emplace(settings.zim_dir + "library.xml"),
                                 .catalog_refresh = refresh_,
                                 .content = content_.emplace(settings),
                                 .stats = stats,
                                 .accounts = accounts_.emplace(settings, root, clock),
                                 .box = box_.emplace(settings, root, VariableOf()),
                                 .config = config_.emplace(settings),
                                 .network = network_.emplace(settings, root, health, probe_, -1),
                                 .adm_conf = RenderAdmConf(settings),
                                 .started = clock.Steady(),
                                 .stop_fd = -1});
    }
    return *services_;
  }

  /// Checks the arguments by the verb's row and calls its handler, as the server does.
  Result<Outcome> Ask(std::string_view verb, std::string_view arguments = "{}") {
    const CommandRowInfo* row = FindCommand(verb);
    const auto checked = Arguments::Check(row->parameters, ParseJson(arguments)->get_object());
    if (!checked) return tl::unexpected(checked.error());
    return row->handler(*checked, Use());
  }

  Root root;
  Settings settings;
  ManualClock clock;
  HealthBoard health;
  FakeBoard board;
  ServerStats stats;

 private:
  SharedRun refresh_;
  std::optional<ContentServices> content_;
  std::optional<KiwixCatalogCache> catalog_;
  std::optional<LibraryCache> library_;
  std::optional<AccountGate> accounts_;
  std::optional<BoxServices> box_;
  std::optional<ConfigServices> config_;
  InternetProbe probe_{"127.0.0.1", 1};
  std::optional<NetworkServices> network_;
  std::optional<Services> services_;
};

/// The reply's text of an outcome that answers at once.
inline std::string TextOf(const Result<Outcome>& outcome) {
  if (!outcome) return "error: " + outcome.error().message;
  const auto* answer = std::get_if<Answer>(&*outcome);
  if (answer == nullptr) return "a plan";
  if (const auto* value = std::get_if<json::value>(answer)) return PrintJson(*value);
  if (const auto* ready = std::get_if<ReadyJson>(answer)) return **ready;
  if (const auto* made = std::get_if<JsonText>(answer)) return made->text;
  if (const auto* success = std::get_if<Success>(answer)) return "success: " + success->text;
  if (const auto* sentence = std::get_if<Sentence>(answer)) return "sentence: " + sentence->text;
  return "warning: " + std::get<Warning>(*answer).text;
}

}  // namespace cmdsrv
