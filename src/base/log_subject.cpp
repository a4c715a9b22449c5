#include "base/log_subject.hpp"

namespace cmdsrv::log {
namespace {

thread_local Subject t_subject;

}  // namespace

About::About(const Subject& subject) : before_(t_subject) {
  if (!subject.command.empty()) t_subject.command = subject.command;
  if (!subject.status.empty()) t_subject.status = subject.status;
  if (subject.job != 0) t_subject.job = subject.job;
  if (subject.group != 0) t_subject.group = subject.group;
  if (subject.peer_uid) t_subject.peer_uid = subject.peer_uid;
  if (subject.peer_pid != 0) t_subject.peer_pid = subject.peer_pid;
}

About::~About() { t_subject = before_; }

const Subject& CurrentSubject() { return t_subject; }

}  // namespace cmdsrv::log
