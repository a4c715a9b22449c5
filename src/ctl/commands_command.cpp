#include "ctl/status_text.hpp"
#include "ctl/subcommands.hpp"

namespace cmdsrv::ctl {
namespace {

const json::object* FindRow(const json::array& commands, std::string_view verb) {
  for (const json::value& row : commands) {
    if (row.is_object() && TextMember(row.get_object(), "verb") == verb) return &row.get_object();
  }
  return nullptr;
}

}  // namespace

int ListCommands(Session& session) {
  const auto reply = AskServer(session, "LIST-COMMANDS");
  if (!reply) return Complain(session, reply.error());
  if (!reply->value.is_array()) {
    return Complain(session, {ErrorCode::Corrupt, "cannot read the reply to LIST-COMMANDS: it is no list"});
  }
  const json::array& commands = reply->value.get_array();
  const std::string& verb = session.options.verb;
  const json::object* row = verb.empty() ? nullptr : FindRow(commands, verb);
  if (!verb.empty() && row == nullptr) {
    return Complain(session,
                    {ErrorCode::NotFound, "cannot find " + verb + "; `iiab-cmdsrv-ctl commands` lists all verbs"});
  }
  if (session.options.json) {
    PrintRaw(session, row == nullptr ? reply->raw : PrintJson(*row));
  } else if (row != nullptr) {
    session.screen.Out(CommandDetail(*row, TableWidth(session.screen)));
  } else {
    session.screen.Out(CommandTable(commands, TableWidth(session.screen)));
  }
  return kDone;
}

}  // namespace cmdsrv::ctl
