// What the host and the process of an engine say to each other: frames on a stream socket, each a size, a kind, the
// number of a call, and a body of numbers and texts. Both ends are the same program, so numbers are in the machine's
// own order; the host reads them all the same as if anybody had written them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenantry::child {

enum class Kind : std::uint8_t {
  // From the host
  kLoad = 1,  // name of the file, user, threads, memory, open files, processes
  kOpen,      // settings
  kCall,      // encode_call()
  kCancel,
  kReply,  // to the request with the number in the place of the call: granted, value
  kClose,
  // From the process
  kHello = 65,  // built_with, manifest
  kRefused,     // a sentence
  kOpened,
  kLog,             // level, message, fields
  kProgress,        // permille, note
  kHeartbeat,       //
  kEvent,           // type, data
  kSaveCheckpoint,  // request, bytes
  kGetSecret,       // request, name
  kPutSecret,       // request, name, value
  kFinished,        // encode_answer()
};

// Bytes. The largest frame of the host carries a step's input, of the process an output or a manifest.
inline constexpr std::size_t kMaxFromHost = 64U << 20U;
inline constexpr std::size_t kMaxFromProcess = 2U << 20U;

struct Frame {
  Kind kind{};
  std::uint64_t call = 0;
  std::string_view body;
};

// Puts a frame together. `room` bytes of body need no second allocation, so that none is left behind with a secret.
class FrameWriter {
 public:
  explicit FrameWriter(Kind kind, std::uint64_t call = 0, std::size_t room = 64);
  FrameWriter& number(std::uint64_t value);
  FrameWriter& text(std::string_view value);
  [[nodiscard]] std::string take();

 private:
  std::string bytes_;
};

// Takes a body apart. What is not there reads as zero or empty and makes the whole wrong.
class BodyReader {
 public:
  explicit BodyReader(std::string_view body) : rest_(body) {}
  std::uint64_t number();
  std::string_view text();
  // True if everything was there, and nothing more.
  [[nodiscard]] bool is_whole() const { return whole_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

// Bytes as they arrive, cut into frames. Wipes what was taken out, since it may have been a secret.
class FrameBuffer {
 public:
  explicit FrameBuffer(std::size_t largest) : largest_(largest) {}
  FrameBuffer(const FrameBuffer&) = delete;
  FrameBuffer& operator=(const FrameBuffer&) = delete;
  ~FrameBuffer();

  enum class Got : std::uint8_t { kBytes, kNothingYet, kEnd };
  // One read from a socket; waits for something if the socket does.
  [[nodiscard]] Got receive(int socket);
  // The next whole frame. Its body is valid until the next call of anything here.
  [[nodiscard]] std::optional<Frame> next();
  // A frame claims to be larger than allowed, or too small: nothing after it can be read.
  [[nodiscard]] bool is_broken() const { return broken_; }

 private:
  void wipe_taken();

  const std::size_t largest_;
  std::vector<char> bytes_;
  std::size_t taken_ = 0;  // before this everything is wiped
  std::size_t begin_ = 0;  // of what was not taken out
  std::size_t end_ = 0;
  bool broken_ = false;
};

}  // namespace tenantry::child
