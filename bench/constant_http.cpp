// The limit for the gateway: a bare server of the same HTTP library, one thread with epoll, that answers everything
// with the same bytes.   constant_http BYTES; prints its port.
#include <arpa/inet.h>
#include <microhttpd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

struct Constant {
  MHD_Response* response = nullptr;
};

MHD_Result Answer(void* self, MHD_Connection* connection, const char*, const char*, const char*, const char*,
                  std::size_t* size, void** context) {
  static int begun;
  if (*context == nullptr) {
    *context = &begun;
    return MHD_YES;
  }
  if (*size > 0) {
    *size = 0;
    return MHD_YES;
  }
  return MHD_queue_response(connection, MHD_HTTP_OK, static_cast<Constant*>(self)->response);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string body(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 32, 'x');
  Constant constant{
      MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY)};
  MHD_add_response_header(constant.response, "Content-Type", "application/json");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  MHD_Daemon* daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, nullptr, nullptr, &Answer, &constant,
                                        MHD_OPTION_SOCK_ADDR, reinterpret_cast<sockaddr*>(&address), MHD_OPTION_END);
  if (daemon == nullptr) return 2;
  std::printf("%u\n", static_cast<unsigned>(MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port));
  std::fflush(stdout);
  for (;;) pause();
}
