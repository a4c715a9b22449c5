// The limit that the others are measured against: a bare ROUTER that answers every request with the same bytes.
//   echo_router SOCKET REPLY_BYTES
#include <sys/prctl.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <zmq.hpp>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string reply(std::strtoul(argv[2], nullptr, 10), 'x');
  zmq::context_t context(1);
  zmq::socket_t router(context, ZMQ_ROUTER);
  router.bind(std::string("ipc://") + argv[1]);
  for (;;) {
    zmq::message_t identity, request;
    if (!router.recv(identity, zmq::recv_flags::none) || !router.recv(request, zmq::recv_flags::none)) continue;
    router.send(identity, zmq::send_flags::sndmore);
    router.send(zmq::buffer(reply), zmq::send_flags::none);
  }
}
