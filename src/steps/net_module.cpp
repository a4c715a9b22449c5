#include "steps/net_module.hpp"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

namespace {

constexpr long kRedirects = 5;

/// Copies at most what fits, always with a final zero.
template <size_t N>
void Put(char (&field)[N], const char* text, size_t size) {
  const size_t count = size < N ? size : N - 1;
  memcpy(field, text, count);
  field[count] = '\0';
}

struct Transfer {
  CURL* curl;
  const CmdsrvHttpRequest* request;
  CmdsrvHttpAnswer* answer;
  CmdsrvSink sink;
  void* user;
  uint64_t bytes;
};

/// The value of a header line when it has this name.
const char* ValueOf(const char* line, size_t size, const char* name, size_t* length) {
  const size_t name_length = strlen(name);
  if (size <= name_length || line[name_length] != ':' || strncasecmp(line, name, name_length) != 0) return nullptr;
  size_t begin = name_length + 1;
  while (begin < size && (line[begin] == ' ' || line[begin] == '\t')) ++begin;
  while (size > begin && (line[size - 1] == '\r' || line[size - 1] == '\n' || line[size - 1] == ' ')) --size;
  *length = size - begin;
  return line + begin;
}

size_t OnHeader(char* line, size_t, size_t size, void* user) {
  auto* answer = static_cast<Transfer*>(user)->answer;
  if (size >= 5 && strncmp(line, "HTTP/", 5) == 0) {  // a redirect's head is not the answer's
    answer->etag[0] = answer->last_modified[0] = '\0';
    return size;
  }
  size_t length = 0;
  if (const char* etag = ValueOf(line, size, "ETag", &length)) Put(answer->etag, etag, length);
  if (const char* date = ValueOf(line, size, "Last-Modified", &length)) Put(answer->last_modified, date, length);
  if (const char* left = ValueOf(line, size, "x-ratelimit-remaining", &length))
    Put(answer->rate_remaining, left, length);
  if (const char* time = ValueOf(line, size, "x-ratelimit-reset", &length)) Put(answer->rate_reset, time, length);
  return size;
}

size_t OnBody(char* data, size_t, size_t size, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  long status = 0;
  curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 300) return size;  // nobody wants the text of an error
  transfer->bytes += size;
  if (transfer->bytes > transfer->request->limit) {
    transfer->answer->too_large = 1;
    return 0;
  }
  return transfer->sink == nullptr || transfer->sink(transfer->user, data, size) == 0 ? size : 0;
}

void SetOptions(Transfer* transfer, char* reason) {
  CURL* curl = transfer->curl;
  const CmdsrvHttpRequest* request = transfer->request;
  curl_easy_setopt(curl, CURLOPT_URL, request->url);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,ftp,ftps");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kRedirects);
  curl_easy_setopt(curl, CURLOPT_NOBODY, static_cast<long>(request->head));
  curl_easy_setopt(curl, CURLOPT_FILETIME, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, request->connect_s);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, request->stall_s);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, request->total_s);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "iiab-cmdsrv");
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
  // Compressed catalogs are a quarter of the size. The length of a head must stay that of the file itself.
  if (request->head == 0) curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
}

/// What a plain GET or HEAD has not got. The list must live until the end of the transfer.
curl_slist* SetRequest(CURL* curl, const CmdsrvHttpRequest* request) {
  curl_slist* headers = nullptr;
  for (const char* const* header = request->headers; header != nullptr && *header != nullptr; ++header)
    headers = curl_slist_append(headers, *header);
  if (headers != nullptr) curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  if (request->body != nullptr) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request->body_size));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
  }
  if (request->method != nullptr) curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
  return headers;
}

/// A time-out counts when there was never a connection.
bool ReachedNoHost(CURL* curl, CURLcode code) {
  if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_CONNECT)
    return true;
  curl_off_t connected_us = 0;
  curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected_us);
  return code == CURLE_OPERATION_TIMEDOUT && connected_us == 0;
}

void ReadFacts(CURL* curl, CmdsrvHttpAnswer* answer) {
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
  curl_off_t length = -1;
  curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  answer->length = length;
  const char* text = nullptr;
  if (curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &text) == CURLE_OK && text != nullptr)
    Put(answer->url, text, strlen(text));
  if (curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &text) == CURLE_OK && text != nullptr)
    Put(answer->content_type, text, strlen(text));
}

/// One digest in the making; it knows at its end whether anything went wrong.
class Digest {
 public:
  explicit Digest(const EVP_MD* kind) : context_(EVP_MD_CTX_new()) {
    good_ = EVP_DigestInit_ex(context_, kind, nullptr) == 1;
  }
  ~Digest() { EVP_MD_CTX_free(context_); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void Add(const unsigned char* bytes, size_t size) { good_ = good_ && EVP_DigestUpdate(context_, bytes, size) == 1; }

  template <size_t N>
  bool Finish(char (&hex)[N]) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!good_ || EVP_DigestFinal_ex(context_, bytes, &size) != 1 || N != 2 * size + 1) return false;
    for (unsigned i = 0; i < size; ++i) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return true;
  }

 private:
  EVP_MD_CTX* context_;
  bool good_ = false;
};

}  // namespace

void cmdsrv_http(const CmdsrvHttpRequest* request, CmdsrvHttpAnswer* answer, CmdsrvSink sink, void* user) {
  memset(answer, 0, sizeof *answer);
  answer->length = -1;
  CURL* curl = curl_easy_init();
  if (curl == nullptr) {
    Put(answer->error, "libcurl cannot be used", 22);
    return;
  }
  char reason[CURL_ERROR_SIZE] = "";
  Transfer transfer{curl, request, answer, sink, user, 0};
  SetOptions(&transfer, reason);
  curl_slist* headers = SetRequest(curl, request);
  const CURLcode code = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  ReadFacts(curl, answer);
  if (code != CURLE_OK) {
    const char* text = reason[0] != '\0' ? reason : curl_easy_strerror(code);
    Put(answer->error, text, strlen(text));
    answer->no_host = ReachedNoHost(curl, code) ? 1 : 0;
  }
  curl_easy_cleanup(curl);
}

int cmdsrv_digest(int file, CmdsrvDigests* digests, CmdsrvReadSoFar progress, void* user) {
  constexpr size_t kPiece = 1U << 20U;
  auto* piece = static_cast<unsigned char*>(malloc(kPiece));
  Digest sha256(EVP_sha256()), md5(EVP_md5());
  int error_number = piece == nullptr ? ENOMEM : 0;
  posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
  for (uint64_t at = 0; error_number == 0;) {
    const ssize_t got = pread(file, piece, kPiece, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error_number = errno;
    if (got <= 0) break;
    const auto size = static_cast<size_t>(got);
    sha256.Add(piece, size);
    if (at < digests->md5_bytes) md5.Add(piece, size < digests->md5_bytes - at ? size : digests->md5_bytes - at);
    at += size;
    if (progress != nullptr) progress(user, at);
  }
  free(piece);
  if (error_number != 0) return error_number;
  const bool known = sha256.Finish(digests->sha256) && (digests->md5_bytes == 0 || md5.Finish(digests->md5));
  return known ? 0 : ENOTSUP;
}
