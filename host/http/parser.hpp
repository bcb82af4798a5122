// Frames HTTP/1.1 requests out of bytes, strictly: whatever two readers could understand differently is refused.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "http/request.hpp"

namespace tenantry::http {

struct Head {
  Method method = Method::kGet;
  std::string target;  // origin form
  bool http_10 = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool chunked = false;
  std::optional<std::uint64_t> length;
  std::vector<Header> headers;

  [[nodiscard]] bool has_body() const { return chunked || length.value_or(0) > 0; }
};

struct ParserLimits {
  std::size_t target;
  std::size_t head;
  std::size_t headers;
};

// One connection's parser. Feed it until kDone, take the request, reset, go on with what was not consumed. After kBad
// the rest of the connection means nothing: it has to be closed. Pure; not thread-safe.
class Parser {
 public:
  explicit Parser(ParserLimits limits) : limits_(limits) {}

  enum class Step {
    kMore,  // everything usable was consumed; more bytes are needed
    kHead,  // head() is complete; call allow_body(), then advance again
    kDone,  // head() and body() are complete
    kBad,   // see error()
  };
  // Adds what it used to `consumed`.
  [[nodiscard]] Step advance(std::string_view bytes, std::size_t& consumed);

  void allow_body(std::size_t limit) { body_limit_ = limit; }
  [[nodiscard]] Head& head() { return head_; }
  [[nodiscard]] std::string& body() { return body_; }
  [[nodiscard]] const base::Error& error() const { return error_; }
  [[nodiscard]] bool started() const { return started_; }  // a first byte of this request was seen
  [[nodiscard]] bool in_body() const { return state_ > State::kHeader; }
  void reset();

 private:
  enum class State { kRequestLine, kHeader, kBodyStart, kFixed, kChunkSize, kChunk, kChunkEnd, kTrailer, kDone, kBad };

  Step bad(std::string_view code, std::string message);
  // The next line without its CRLF; nullopt: not there yet, or bad (state_ says which).
  std::optional<std::string_view> line(std::string_view bytes, std::size_t& consumed, std::size_t limit);
  Step on_line(std::string_view text);
  Step request_line(std::string_view text);
  Step header_line(std::string_view text);
  Step end_of_head();
  Step framing();
  Step chunk_size(std::string_view text);
  Step take(std::string_view bytes, std::size_t& consumed);

  ParserLimits limits_;
  State state_ = State::kRequestLine;
  bool started_ = false;
  std::size_t head_bytes_ = 0;
  std::size_t body_limit_ = 0;
  std::uint64_t missing_ = 0;  // of the body, or of this chunk
  Head head_;
  std::string body_;
  base::Error error_;
};

}  // namespace tenantry::http
