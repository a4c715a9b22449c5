#include "support/stand_in_systemd.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
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
  std::vector<Asked> wishes;  // guarded by mutex
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

  int StartUnit(sd_bus_message* message) {
    Note(message);
    switch (manner.load()) {
      case Manner::IsSilent: return 1;
      case Manner::GoesAway: sd_bus_close(sd_bus_message_get_bus(message)); return 1;
      case Manner::Refuses:
        return sd_bus_reply_method_errorf(message, "org.freedesktop.systemd1.NoSuchProcess",
                                          "Process with ID does not exist.");
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
int StandInSystemd::Connections() const { return inside_->made; }
int StandInSystemd::Matches() const { return inside_->matches; }

}  // namespace cmdsrv::test
