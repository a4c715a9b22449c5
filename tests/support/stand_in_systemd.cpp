#include "support/stand_in_systemd.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace cmdsrv::test {

struct StandInSystemd::Inside {
  std::string path;
  int listening = -1;
  int stop = -1;
  sd_event* event = nullptr;
  std::vector<sd_bus*> connections;
  std::thread thread;
  std::atomic<Manner> manner = Manner::Works;
  std::atomic<int> made = 0;
  std::atomic<int> matches = 0;
  mutable std::mutex mutex;
  std::vector<Asked> wishes;  // guarded by mutex, as the next two
  std::map<std::string, std::pair<std::string, std::string>> units;
  std::vector<std::string> unit_calls;
  unsigned jobs = 0;

  explicit Inside(const std::string& socket_path) : path(socket_path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("too long for a socket: " + path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ::unlink(path.c_str());
    if (::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listening, 10) != 0)
      throw std::runtime_error("cannot listen at " + path);
    stop = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sd_event_new(&event);
    sd_event_add_io(event, nullptr, listening, EPOLLIN, Accept, this);
    sd_event_add_io(event, nullptr, stop, EPOLLIN, Stop, this);
    thread = std::thread([this] { sd_event_loop(event); });
  }
  ~Inside() {
    ::eventfd_write(stop, 1);
    thread.join();
    for (sd_bus* bus : connections) sd_bus_close_unref(bus);
    sd_event_unref(event);
    ::close(listening);
    ::close(stop);
  }

  static int Stop(sd_event_source* source, int, std::uint32_t, void*) {
    return sd_event_exit(sd_event_source_get_event(source), 0);
  }

  static int Accept(sd_event_source*, int listening_fd, std::uint32_t, void* self) {
    auto* inside = static_cast<Inside*>(self);
    const int fd = ::accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return 0;
    ++inside->made;
    sd_bus* bus = nullptr;
    sd_id128_t id{};
    sd_id128_randomize(&id);
    sd_bus_new(&bus);
    sd_bus_set_fd(bus, fd, fd);
    sd_bus_set_server(bus, 1, id);
    sd_bus_set_anonymous(bus, 1);
    sd_bus_start(bus);
    sd_bus_add_filter(bus, nullptr, OnMessage, inside);
    sd_bus_attach_event(bus, inside->event, 0);
    inside->connections.push_back(bus);
    return 0;
  }

  /// The part of org.freedesktop.DBus that a client needs, and one method of systemd.
  static int OnMessage(sd_bus_message* message, void* self, sd_bus_error*) {
    auto* inside = static_cast<Inside*>(self);
    std::uint8_t type = 0;
    sd_bus_message_get_type(message, &type);
    if (type != SD_BUS_MESSAGE_METHOD_CALL) return 0;
    const std::string_view member = sd_bus_message_get_member(message);
    if (member == "StartTransientUnit") return inside->StartUnit(message);
    if (member == "ListUnitsByNames" || member == "ListUnitFilesByPatterns" || member == "GetUnitFileState")
      return inside->TellUnits(message, member);
    if (member == "Hello") return Reply(message, "s", ":1.7");
    if (member == "AddMatch") ++inside->matches;
    if (member == "RemoveMatch") --inside->matches;
    return Reply(message, nullptr, nullptr);
  }

  static int Reply(sd_bus_message* call, const char* types, const char* value) {
    sd_bus_message* reply = nullptr;
    sd_bus_message_new_method_return(call, &reply);
    sd_bus_message_set_sender(reply, "org.freedesktop.DBus");
    if (types != nullptr) sd_bus_message_append(reply, types, value);
    sd_bus_send(nullptr, reply, nullptr);
    sd_bus_message_unref(reply);
    return 1;
  }

  /// As systemd 252 answers: a template makes the whole question fail, an unknown unit is one that is not found.
  int TellUnits(sd_bus_message* message, std::string_view member) {
    const std::vector<std::string> names = NoteUnitCall(message, member);
    switch (manner.load()) {
      case Manner::IsSilent: return 1;
      case Manner::GoesAway: sd_bus_close(sd_bus_message_get_bus(message)); return 1;
      case Manner::Refuses:
        return sd_bus_reply_method_errorf(message, "org.freedesktop.DBus.Error.AccessDenied", "Access denied");
      case Manner::Babbles: return Reply(message, "s", "what?");
      case Manner::Works:
      case Manner::Fails: break;
    }
    const std::lock_guard lock(mutex);
    if (member == "GetUnitFileState") return TellFileState(message, names.front());
    sd_bus_message* reply = nullptr;
    sd_bus_message_new_method_return(message, &reply);
    sd_bus_message_set_sender(reply, "org.freedesktop.systemd1");
    const bool states = member == "ListUnitsByNames";
    sd_bus_message_open_container(reply, 'a', states ? "(ssssssouso)" : "(ss)");
    for (const std::string& name : names) {
      if (states && name.find("@.") != std::string::npos) {
        sd_bus_message_unref(reply);
        return sd_bus_reply_method_errorf(message, "org.freedesktop.DBus.Error.InvalidArgs",
                                          "Unit name %s is missing the instance name.", name.c_str());
      }
      states ? AppendState(reply, name) : AppendFile(reply, name);
    }
    sd_bus_message_close_container(reply);
    sd_bus_send(nullptr, reply, nullptr);
    sd_bus_message_unref(reply);
    return 1;
  }

  std::vector<std::string> NoteUnitCall(sd_bus_message* message, std::string_view member) {
    std::vector<std::string> names;
    std::string call(member);
    const char* name = nullptr;
    if (member == "ListUnitFilesByPatterns") sd_bus_message_skip(message, "as");
    if (member != "GetUnitFileState") sd_bus_message_enter_container(message, 'a', "s");
    while (sd_bus_message_read(message, "s", &name) > 0) {
      names.emplace_back(name);
      call += ' ' + names.back();
    }
    const std::lock_guard lock(mutex);
    unit_calls.push_back(call);
    return names;
  }

  int TellFileState(sd_bus_message* message, const std::string& name) {
    const auto unit = units.find(name);
    if (unit != units.end() && !unit->second.second.empty()) return Reply(message, "s", unit->second.second.c_str());
    return sd_bus_reply_method_errorf(message, "org.freedesktop.systemd1.NoSuchUnit", "Unit not found.");
  }

  void AppendState(sd_bus_message* reply, const std::string& name) const {
    const auto unit = units.find(name);
    const bool known = unit != units.end();
    sd_bus_message_append(reply, "(ssssssouso)", name.c_str(), "", known ? "loaded" : "not-found",
                          known ? unit->second.first.c_str() : "inactive", "dead", "",
                          "/org/freedesktop/systemd1/unit/x", 0U, "", "/");
  }

  void AppendFile(sd_bus_message* reply, const std::string& name) const {
    const auto unit = units.find(name);
    if (unit == units.end() || unit->second.second.empty()) return;
    sd_bus_message_append(reply, "(ss)", ("/lib/systemd/system/" + name).c_str(), unit->second.second.c_str());
  }

  int StartUnit(sd_bus_message* message) {
    Note(message);
    switch (manner.load()) {
      case Manner::IsSilent: return 1;
      case Manner::GoesAway: sd_bus_close(sd_bus_message_get_bus(message)); return 1;
      case Manner::Refuses:
        return sd_bus_reply_method_errorf(message, "org.freedesktop.systemd1.NoSuchProcess",
                                          "Process with ID does not exist.");
      case Manner::Babbles: return Reply(message, "s", "what?");
      case Manner::Works:
      case Manner::Fails: break;
    }
    const std::string job = "/org/freedesktop/systemd1/job/" + std::to_string(++jobs);
    Reply(message, "o", job.c_str());
    TellRemoved(sd_bus_message_get_bus(message), "/org/freedesktop/systemd1/job/999", "done");  // somebody else's
    TellRemoved(sd_bus_message_get_bus(message), job, manner == Manner::Works ? "done" : "failed");
    return 1;
  }

  void TellRemoved(sd_bus* bus, const std::string& job, const char* result) {
    sd_bus_message* signal = nullptr;
    sd_bus_message_new_signal(bus, &signal, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                              "JobRemoved");
    sd_bus_message_set_sender(signal, "org.freedesktop.systemd1");
    sd_bus_message_append(signal, "uoss", jobs, job.c_str(), "x.scope", result);
    sd_bus_send(bus, signal, nullptr);
    sd_bus_message_unref(signal);
  }

  void Note(sd_bus_message* message) {
    Asked asked;
    const char* name = nullptr;
    const char* mode = nullptr;
    sd_bus_message_read(message, "ss", &name, &mode);
    asked.name = name == nullptr ? "" : name;
    sd_bus_message_enter_container(message, 'a', "(sv)");
    while (sd_bus_message_enter_container(message, 'r', "sv") > 0) {
      const char* key = nullptr;
      sd_bus_message_read(message, "s", &key);
      ReadProperty(message, key, asked);
      sd_bus_message_exit_container(message);
    }
    const std::lock_guard lock(mutex);
    wishes.push_back(asked);
  }

  static void ReadProperty(sd_bus_message* message, std::string_view key, Asked& asked) {
    const char* text = nullptr;
    if (key == "Description" && sd_bus_message_read(message, "v", "s", &text) >= 0) {
      asked.description = text;
    } else if (key == "CPUWeight") {
      std::uint64_t weight = 0;
      sd_bus_message_read(message, "v", "t", &weight);
      asked.cpu_weight = weight;
    } else if (key == "PIDs") {
      std::uint32_t pid = 0;
      sd_bus_message_enter_container(message, 'v', "au");
      sd_bus_message_enter_container(message, 'a', "u");
      sd_bus_message_read(message, "u", &pid);
      sd_bus_message_exit_container(message);
      sd_bus_message_exit_container(message);
      asked.pid = pid;
    } else {
      sd_bus_message_skip(message, "v");
    }
  }
};

StandInSystemd::StandInSystemd(const std::string& socket) : inside_(std::make_unique<Inside>(socket)) {}
StandInSystemd::~StandInSystemd() = default;
std::string StandInSystemd::Address() const { return "unix:path=" + inside_->path; }
void StandInSystemd::Behave(Manner manner) { inside_->manner = manner; }
std::vector<StandInSystemd::Asked> StandInSystemd::Wishes() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->wishes;
}
void StandInSystemd::SetUnit(const std::string& name, const std::string& active, const std::string& file_state) {
  const std::lock_guard lock(inside_->mutex);
  inside_->units[name] = {active, file_state};
}
std::vector<std::string> StandInSystemd::UnitCalls() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->unit_calls;
}
int StandInSystemd::Connections() const { return inside_->made; }
int StandInSystemd::Matches() const { return inside_->matches; }

}  // namespace cmdsrv::test
