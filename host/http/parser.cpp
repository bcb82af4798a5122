#include "http/parser.hpp"

#include <algorithm>
#include <array>

#include "http/problem.hpp"

namespace tenantry::http {
namespace {

constexpr std::size_t kMaxChunkLine = 256;
constexpr std::size_t kMaxTrailers = 4096;

bool is_token(std::string_view text) {
  static constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOther.find(c) != std::string_view::npos;
  });
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

// host[:port], host may be [IPv6].
bool is_host(std::string_view text) {
  auto host = text;
  if (!text.empty() && text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return false;
  } else {
    host = text.substr(0, text.find(':'));
    text.remove_prefix(host.size());
    for (const char c : host)
      if (!is_token({&c, 1}) && std::string_view("(),;=").find(c) == std::string_view::npos) return false;
  }
  if (text.empty()) return true;
  text.remove_prefix(1);
  return text.empty() || (is_digits(text) && text.size() <= 5 && std::stoul(std::string(text)) <= 65535);
}

// Names that decide something: two of them would be two readings.
bool is_single(std::string_view name) {
  static constexpr std::array<std::string_view, 11> kSingle{
      "Host",     "Content-Length", "Transfer-Encoding", "Content-Type",  "Authorization",    "Expect",
      "If-Match", "If-None-Match",  "Idempotency-Key",   "Last-Event-ID", "Content-Encoding",
  };
  return std::any_of(kSingle.begin(), kSingle.end(), [&](auto single) { return equal_name(single, name); });
}

bool lists(std::string_view value, std::string_view token) {
  while (!value.empty()) {
    const auto part = value.substr(0, value.find(','));
    if (equal_name(trim(part), token)) return true;
    value.remove_prefix(std::min(part.size() + 1, value.size()));
  }
  return false;
}

}  // namespace

void Parser::reset() {
  state_ = State::kRequestLine;
  started_ = false;
  head_bytes_ = 0;
  body_limit_ = 0;
  missing_ = 0;
  head_ = Head();
  body_.clear();
}

Parser::Step Parser::bad(std::string_view code, std::string message) {
  state_ = State::kBad;
  error_ = refusal(code, std::move(message));
  return Step::kBad;
}

Parser::Step Parser::advance(std::string_view bytes, std::size_t& consumed) {
  for (;;) {
    switch (state_) {
      case State::kDone:
        return Step::kDone;
      case State::kBad:
        return Step::kBad;
      case State::kBodyStart:
        if (const auto step = framing(); step != Step::kMore) return step;
        continue;
      case State::kFixed:
      case State::kChunk:
        if (const auto step = take(bytes, consumed); step != Step::kMore || missing_ > 0) return step;
        continue;
      default:
        break;
    }
    const bool chunk_line = state_ == State::kChunkSize || state_ == State::kChunkEnd;
    const auto text = line(bytes, consumed, chunk_line ? kMaxChunkLine : limits_.head);
    if (!text) return state_ == State::kBad ? Step::kBad : Step::kMore;
    if (const auto step = on_line(*text); step != Step::kMore) return step;
  }
}

std::optional<std::string_view> Parser::line(std::string_view bytes, std::size_t& consumed, std::size_t limit) {
  const auto rest = bytes.substr(consumed);
  const auto end = rest.find('\n');
  const auto seen = std::min(end, rest.size());
  if (state_ == State::kRequestLine && !rest.empty()) {
    started_ = true;
    // Not even the beginning of a method: a TLS client, or noise. Waiting for the end of its line would be a favour.
    if (!is_token(rest.substr(0, 1)) && rest.front() != '\r' && rest.front() != '\n')
      bad("http.malformed", "This is not an HTTP request.");
    else if (seen > limits_.target + 64)
      bad("http.target_too_long", "The address may have " + std::to_string(limits_.target) + " bytes.");
  } else if (seen > limit || head_bytes_ + seen > limits_.head + kMaxTrailers) {
    bad(state_ == State::kHeader ? "http.headers_too_large" : "http.malformed", "A line of the request is too long.");
  }
  if (state_ == State::kBad || end == std::string_view::npos) return std::nullopt;
  if (end == 0 || rest[end - 1] != '\r') {
    bad("http.malformed", "A line of the request does not end with CR LF.");
    return std::nullopt;
  }
  consumed += end + 1;
  return rest.substr(0, end - 1);
}

Parser::Step Parser::on_line(std::string_view text) {
  switch (state_) {
    case State::kRequestLine:
      return request_line(text);
    case State::kHeader:
      return text.empty() ? end_of_head() : header_line(text);
    case State::kChunkSize:
      return chunk_size(text);
    case State::kChunkEnd:
      if (!text.empty()) return bad("http.malformed", "A chunk is longer than it says.");
      state_ = State::kChunkSize;
      return Step::kMore;
    default:  // a trailer: nothing reads them
      head_bytes_ += text.size() + 2;
      if (head_bytes_ > limits_.head + kMaxTrailers)
        return bad("http.headers_too_large", "The trailers are too large.");
      if (text.empty()) state_ = State::kDone;
      return Step::kMore;
  }
}

Parser::Step Parser::request_line(std::string_view text) {
  head_bytes_ += text.size() + 2;
  // An empty line before a request is tolerated (RFC 9112, 2.2), but not for ever.
  if (text.empty()) return head_bytes_ > 8 ? bad("http.malformed", "The request is empty.") : Step::kMore;
  const auto first = text.find(' ');
  const auto last = text.rfind(' ');
  if (first == std::string_view::npos || first == last || !is_token(text.substr(0, first)))
    return bad("http.malformed", "The request line is not 'METHOD target HTTP/1.1'.");
  auto target = text.substr(first + 1, last - first - 1);
  const auto version = text.substr(last + 1);
  if (target.size() > limits_.target)
    return bad("http.target_too_long", "The address may have " + std::to_string(limits_.target) + " bytes.");
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' || !is_digits(version.substr(5, 1)) ||
      !is_digits(version.substr(7)))
    return bad("http.malformed", "The request line does not end with an HTTP version.");
  if (version[5] != '1') return bad("http.version", "This server speaks HTTP/1.1.");
  head_.http_10 = version[7] == '0';
  head_.method = parse_method(text.substr(0, first));
  for (const std::string_view scheme : {"http://", "https://"})  // the absolute form, as if sent through a proxy
    if (target.starts_with(scheme)) {
      const auto path = target.find('/', scheme.size());
      target = path == std::string_view::npos ? "/" : target.substr(path);
    }
  const bool visible =
      std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
  if (!visible || !(target.starts_with('/') || (target == "*" && head_.method == Method::kOptions)))
    return bad("http.malformed", "The address has to begin with '/' and consist of visible ASCII without '#'.");
  head_.target = target;
  state_ = State::kHeader;
  return Step::kMore;
}

Parser::Step Parser::header_line(std::string_view text) {
  head_bytes_ += text.size() + 2;
  if (head_bytes_ > limits_.head || head_.headers.size() >= limits_.headers)
    return bad("http.headers_too_large", "There may be " + std::to_string(limits_.headers) + " headers of " +
                                             std::to_string(limits_.head) + " bytes together.");
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || !is_token(text.substr(0, colon)))
    return bad("http.malformed", "A header is not 'Name: value'.");
  const auto name = text.substr(0, colon);
  const auto value = trim(text.substr(colon + 1));
  if (has_control(value)) return bad("http.malformed", "A header has a control character.");
  if (is_single(name))
    for (const auto& header : head_.headers)
      if (equal_name(header.name, name))
        return bad("http.malformed", "The header " + header.name + " may be sent only once.");
  head_.headers.push_back({std::string(name), std::string(value)});
  return Step::kMore;
}

Parser::Step Parser::end_of_head() {
  bool host = false;
  bool close = false;
  bool stay = false;
  for (const auto& [name, value] : head_.headers) {
    if (equal_name(name, "Host")) {
      host = true;
      if (!is_host(value)) return bad("http.malformed", "The header Host is not a host and a port.");
    } else if (equal_name(name, "Content-Length")) {
      if (!is_digits(value) || value.size() > 18)
        return bad("http.malformed", "The header Content-Length is no length.");
      head_.length = std::stoull(value);
    } else if (equal_name(name, "Transfer-Encoding")) {
      if (head_.http_10) return bad("http.malformed", "HTTP/1.0 has no Transfer-Encoding.");
      if (!equal_name(value, "chunked")) return bad("http.transfer_coding", "Only chunked is supported.");
      head_.chunked = true;
    } else if (equal_name(name, "Connection")) {
      close = close || lists(value, "close");
      stay = stay || lists(value, "keep-alive");
    } else if (equal_name(name, "Expect")) {
      if (!equal_name(value, "100-continue")) return bad("http.expectation", "Only 100-continue can be expected.");
      head_.expects_continue = !head_.http_10;
    }
  }
  if (!host && !head_.http_10) return bad("http.malformed", "The header Host is missing.");
  if (head_.length && head_.chunked)
    return bad("http.malformed", "Content-Length and Transfer-Encoding exclude each other.");
  head_.keep_alive = !close && (stay || !head_.http_10);
  state_ = State::kBodyStart;
  return Step::kHead;
}

Parser::Step Parser::framing() {
  if (head_.length.value_or(0) > body_limit_)
    return bad("http.body_too_large", "The body may have " + std::to_string(body_limit_) + " bytes.");
  missing_ = head_.length.value_or(0);
  state_ = head_.chunked ? State::kChunkSize : missing_ > 0 ? State::kFixed : State::kDone;
  return Step::kMore;
}

Parser::Step Parser::chunk_size(std::string_view text) {
  const auto digits = trim(text.substr(0, text.find(';')));
  if (digits.empty() || digits.size() > 8 || has_control(text) ||
      digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
    return bad("http.malformed", "A chunk does not begin with its size.");
  missing_ = std::stoull(std::string(digits), nullptr, 16);
  if (body_.size() + missing_ > body_limit_)
    return bad("http.body_too_large", "The body may have " + std::to_string(body_limit_) + " bytes.");
  state_ = missing_ > 0 ? State::kChunk : State::kTrailer;
  return Step::kMore;
}

Parser::Step Parser::take(std::string_view bytes, std::size_t& consumed) {
  const auto part = bytes.substr(consumed, static_cast<std::size_t>(missing_));
  body_ += part;  // grows with what arrives, never with what was announced
  consumed += part.size();
  missing_ -= part.size();
  if (missing_ == 0) state_ = state_ == State::kFixed ? State::kDone : State::kChunkEnd;
  return Step::kMore;
}

}  // namespace tenantry::http
