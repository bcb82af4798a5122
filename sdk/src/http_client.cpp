#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <stdexcept>
#include <tenantry/http.hpp>

namespace tenantry::http {

namespace {

using Steady = std::chrono::steady_clock;

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// TLS libraries write to sockets without MSG_NOSIGNAL, and a plugin may not touch the process's signal handlers: so
// SIGPIPE is blocked in this thread only, and one that came is taken away before it is unblocked.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  ~NoSigpipe() {
    const timespec at_once{0, 0};
    if (!was_pending_)
      while (sigtimedwait(&sigpipe_, nullptr, &at_once) == -1 && errno == EINTR) {
      }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t sigpipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

// One transfer at a time, and the connections it left open.
struct Line {
  Line() : multi(curl_multi_init()), easy(curl_easy_init()) {
    if (!multi || !easy) {
      close();
      throw std::bad_alloc();
    }
  }
  ~Line() { close(); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  CURLM* multi;
  CURL* easy;

 private:
  void close() {
    if (easy) curl_easy_cleanup(easy);
    if (multi) curl_multi_cleanup(multi);
  }
};

// What the callbacks of one exchange fill in.
struct Exchange {
  const Request& request;
  Response response;
  bool too_large = false;
  int sends = 0;

  // curl silently sends a request again if a kept connection turns out to be dead, even a POST. We do not.
  static int before_send(void* self, char*, char*, int, int) {
    auto& exchange = *static_cast<Exchange*>(self);
    return ++exchange.sends > 1 + exchange.request.max_redirects ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
  }
  static std::size_t on_body(char* bytes, std::size_t one, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    if (exchange.response.body.size() + one * count > exchange.request.max_response) {
      exchange.too_large = true;
      return 0;
    }
    exchange.response.body.append(bytes, one * count);
    return one * count;
  }
  static std::size_t on_header(char* bytes, std::size_t one, std::size_t count, void* self) {
    constexpr std::size_t kMostHeaders = 500;
    auto& headers = static_cast<Exchange*>(self)->response.headers;
    std::string_view line(bytes, one * count);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    if (line.substr(0, 5) == "HTTP/") {  // a new answer: after a redirect, or after 100 Continue
      headers.clear();
      static_cast<Exchange*>(self)->response.body.clear();
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos && headers.size() < kMostHeaders) {
      std::string_view value = line.substr(colon + 1);
      while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
      headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
    }
    return one * count;
  }
};

class HeaderList {
 public:
  HeaderList() = default;
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  void add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    if (!longer) throw std::bad_alloc();
    list_ = longer;
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

bool breaks_a_line(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

const char* what_is_wrong(const Request& request) {
  if (request.method.empty() || request.method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos)
    return "the method is not a word in capital letters";
  if (request.url.find_first_of(std::string_view("\r\n\0 ", 4)) != std::string::npos)
    return "the URL holds a space or a line break";
  for (const Header& header : request.headers)
    if (header.name.empty() || breaks_a_line(header.name) || breaks_a_line(header.value) ||
        header.name.find(':') != std::string::npos)
      return "a header holds a line break, or its name is empty or holds a colon";
  return nullptr;
}

// A wrong option is a mistake in this file; curl says so and the exchange would not be what was asked for.
template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  if (curl_easy_setopt(easy, option, value) != CURLE_OK) throw std::logic_error("curl refuses an option");
}

void prepare(CURL* easy, Exchange& exchange, const HeaderList& headers, const Options& options, char* error_text) {
  const Request& request = exchange.request;
  curl_easy_reset(easy);  // keeps the connections
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_ERRORBUFFER, error_text);
  set(easy, CURLOPT_URL, request.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_HTTPHEADER, headers.get());
  set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  set(easy, CURLOPT_PROXY, options.proxy.c_str());
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(easy, CURLOPT_MAXAGE_CONN, 20L);
  if (!options.keep_connections) set(easy, CURLOPT_FORBID_REUSE, 1L);
  if (!options.verify_tls) {
    set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!options.ca_file.empty()) set(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  if (request.max_redirects > 0) {
    set(easy, CURLOPT_FOLLOWLOCATION, 1L);
    set(easy, CURLOPT_MAXREDIRS, static_cast<long>(request.max_redirects));
  }
  set(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  set(easy, CURLOPT_WRITEDATA, &exchange);
  set(easy, CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set(easy, CURLOPT_HEADERDATA, &exchange);
  set(easy, CURLOPT_PREREQFUNCTION, &Exchange::before_send);
  set(easy, CURLOPT_PREREQDATA, &exchange);

  const bool has_body =
      !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (has_body) {
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
  if (request.method == "HEAD")
    set(easy, CURLOPT_NOBODY, 1L);
  else if (request.method != (has_body ? "POST" : "GET"))
    set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

FailureKind kind_of(CURLcode code, long os_error) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return FailureKind::resolve;
    case CURLE_COULDNT_CONNECT:
      return FailureKind::refused;
    case CURLE_OPERATION_TIMEDOUT:
      return FailureKind::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
      return FailureKind::tls;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return os_error == ECONNRESET || os_error == EPIPE ? FailureKind::reset : FailureKind::closed;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return FailureKind::closed;
    case CURLE_ABORTED_BY_CALLBACK:
      return FailureKind::closed;  // before_send refused a silent repetition
    default:
      return FailureKind::other;
  }
}

bool bytes_left(CURL* easy, const Exchange& exchange) {
  long sent = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
  return sent > 0 || exchange.sends > 1;
}

}  // namespace

// The lines of one client that nobody uses right now.
class Client::Connections {
 public:
  explicit Connections(Options given) : options_(std::move(given)) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("curl does not start");
  }
  ~Connections() {
    idle_.clear();
    curl_global_cleanup();
  }
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  std::unique_ptr<Line> take() {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return std::make_unique<Line>();
    std::unique_ptr<Line> line = std::move(idle_.back());  // the one used last is the least likely to have gone stale
    idle_.pop_back();
    return line;
  }
  void give_back(std::unique_ptr<Line> line) {
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < kMostIdle) idle_.push_back(std::move(line));
  }

  Outcome send(Context* context, const Request& request);

 private:
  static constexpr std::size_t kMostIdle = 32;
  const Options options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Line>> idle_;
};

namespace {

struct Ended {
  enum Why { answered, out_of_time, stopped } why;
  CURLcode code = CURLE_OK;
};

// Drives one transfer until it is over, its time is, or the host wants the step to end.
Ended drive(Line& line, Context* context, Milliseconds timeout) {
  constexpr Milliseconds kHeartbeat(1000);
  const auto deadline = Steady::now() + timeout;
  auto next_heartbeat = Steady::now() + kHeartbeat;
  const int cancel_fd = context ? context->cancel_fd() : -1;
  for (;;) {
    int running = 0;
    if (curl_multi_perform(line.multi, &running) != CURLM_OK) return {Ended::answered, CURLE_FAILED_INIT};
    int queued = 0;
    while (const CURLMsg* message = curl_multi_info_read(line.multi, &queued))
      if (message->msg == CURLMSG_DONE) return {Ended::answered, message->data.result};

    const auto now = Steady::now();
    if (context && context->is_cancelled())
      return {context->remaining() == Milliseconds(0) ? Ended::out_of_time : Ended::stopped};
    if (now >= deadline) return {Ended::out_of_time};
    if (context && now >= next_heartbeat) {
      context->heartbeat();
      next_heartbeat = now + kHeartbeat;
    }
    const auto left = std::chrono::ceil<Milliseconds>(deadline - now);
    Milliseconds nap = std::min(left, kHeartbeat);
    curl_waitfd extra{cancel_fd, CURL_WAIT_POLLIN, 0};
    const bool wakeable = context && cancel_fd >= 0;
    if (context && !wakeable) nap = std::min(nap, Milliseconds(50));
    curl_multi_poll(line.multi, &extra, wakeable ? 1 : 0, static_cast<int>(nap.count()), nullptr);
  }
}

}  // namespace

Outcome Client::Connections::send(Context* context, const Request& request) {
  if (const char* wrong = what_is_wrong(request)) return Failure{FailureKind::other, false, wrong};
  const Milliseconds timeout = context ? std::min(request.timeout, context->remaining()) : request.timeout;
  if (timeout <= Milliseconds(0)) return Failure{FailureKind::timeout, false, "no time left to send the request"};
  if (context && context->is_cancelled()) return Failure{FailureKind::cancelled, false, "stopped on request"};

  const NoSigpipe no_sigpipe;
  HeaderList headers;
  bool typed = false;
  for (const Header& header : request.headers) {
    headers.add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
    typed = typed || same_name(header.name, "Content-Type");
  }
  headers.add("Expect:");
  if (!typed) headers.add("Content-Type:");

  Exchange exchange{request, {}};
  char error_text[CURL_ERROR_SIZE] = "";
  std::unique_ptr<Line> line = take();
  prepare(line->easy, exchange, headers, options_, error_text);
  if (curl_multi_add_handle(line->multi, line->easy) != CURLM_OK)
    throw std::runtime_error("curl does not take the request");
  const Ended ended = drive(*line, context, timeout);

  const bool reached = bytes_left(line->easy, exchange);
  long status = 0;
  long os_error = 0;
  curl_easy_getinfo(line->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(line->easy, CURLINFO_OS_ERRNO, &os_error);
  curl_multi_remove_handle(line->multi, line->easy);
  const std::string words = error_text[0] != '\0' ? error_text : curl_easy_strerror(ended.code);
  curl_easy_reset(line->easy);  // forgets the pointers into this frame
  if (ended.why == Ended::answered) give_back(std::move(line));

  if (ended.why == Ended::out_of_time)
    return Failure{FailureKind::timeout, reached, "no complete answer in " + std::to_string(timeout.count()) + " ms"};
  if (ended.why == Ended::stopped) return Failure{FailureKind::cancelled, reached, "stopped on request"};
  if (exchange.too_large)
    return Failure{FailureKind::too_large, reached,
                   "the answer is longer than " + std::to_string(request.max_response) + " bytes"};
  if (ended.code != CURLE_OK) return Failure{kind_of(ended.code, os_error), reached, valid_utf8(words)};
  exchange.response.status = static_cast<int>(status);
  return std::move(exchange.response);
}

Client::Client(Options options) : connections_(std::make_unique<Connections>(std::move(options))) {}
Client::~Client() = default;

Outcome Client::send(Context& context, const Request& request) { return connections_->send(&context, request); }
Outcome Client::send(const Request& request) { return connections_->send(nullptr, request); }

const std::string* Response::header(std::string_view name) const {
  for (const Header& header : headers)
    if (same_name(header.name, name)) return &header.value;
  return nullptr;
}

std::string_view name_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::refused:
      return "refused";
    case FailureKind::timeout:
      return "timeout";
    case FailureKind::reset:
      return "reset";
    case FailureKind::closed:
      return "closed";
    case FailureKind::tls:
      return "tls";
    case FailureKind::resolve:
      return "resolve";
    case FailureKind::cancelled:
      return "cancelled";
    case FailureKind::too_large:
      return "too_large";
    case FailureKind::other:
      return "other";
  }
  return "other";
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[byte >> 4U];
      encoded += kHex[byte & 15U];
    }
  }
  return encoded;
}

}  // namespace tenantry::http
