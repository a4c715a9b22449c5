#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "platform/unique_fd.hpp"

namespace cmdsrv::test {

/// The shared repository of menu item definitions: the little of GitHub's interface that is asked of it, on 127.0.0.1.
/// One thread; a request a connection. Any thread may change it.
class FakeMenuRepository {
 public:
  FakeMenuRepository();
  ~FakeMenuRepository();
  FakeMenuRepository(const FakeMenuRepository&) = delete;
  FakeMenuRepository& operator=(const FakeMenuRepository&) = delete;

  /// For menu_def_base_url.
  std::string Url() const;
  /// The sha of what is there then.
  std::string Put(const std::string& path, const std::string& bytes);
  std::string Get(const std::string& path) const;  ///< empty: nothing there
  std::string ShaOf(const std::string& path) const;

  /// Uploads need this token.
  void SetToken(const std::string& token);
  /// From now on so many requests are answered, then "no more" until 2100.
  void AllowRequests(int count) { left_ = count; }
  /// What is done before each request is answered, in the thread of the repository.
  void BeforeEach(std::function<void(const std::string& request)> act);
  /// This instead of what is there, for each request below a path ("/git/trees/").
  void AnswerWith(const std::string& below, const std::string& body);
  /// "GET /git/trees/master?recursive=1 -": the last word is the token of the request.
  std::vector<std::string> Requests() const;

 private:
  void Serve();
  void Answer(int socket);
  std::string Reply(const std::string& method, const std::string& path, const std::string& body,
                    const std::string& token);
  std::string Upload(const std::string& path, const std::string& body, const std::string& token);

  UniqueFd listener_;
  unsigned port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> files_;
  std::string token_ = "secret-token";
  std::vector<std::string> requests_;
  std::map<std::string, std::string> answers_;
  std::function<void(const std::string&)> before_each_;
  std::atomic<int> left_{1'000'000};
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

}  // namespace cmdsrv::test
