// Memory that is lent to an engine for one call, with nothing behind it: reading one byte too far ends the process, and
// so does reading it after it was taken back.
#pragma once
#include <cstddef>
#include <string_view>

namespace tenantry::stage {

class Lent {
 public:
  Lent() = default;
  // A copy of these bytes. Throws std::system_error if there is no memory.
  explicit Lent(std::string_view bytes);
  Lent(Lent&& other) noexcept;
  Lent& operator=(Lent&& other) noexcept;
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  ~Lent();

  [[nodiscard]] const char* data() const { return data_; }  // null if there is nothing
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void* mapping_ = nullptr;
  std::size_t length_ = 0;
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// The same for a struct that says its size first; whole words, so that it ends where the memory does.
template <class Struct>
class LentStruct {
 public:
  explicit LentStruct(const Struct& from)
      : bytes_(std::string_view(reinterpret_cast<const char*>(&from), sizeof(Struct))) {}
  [[nodiscard]] const Struct* get() const { return reinterpret_cast<const Struct*>(bytes_.data()); }

 private:
  Lent bytes_;
};

}  // namespace tenantry::stage
