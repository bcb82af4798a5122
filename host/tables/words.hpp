// The way back from stored words to enumerations.
#pragma once
#include <string>
#include <string_view>

#include "tables/names.hpp"

namespace tenantry::tables {

// The value whose index in `words` is that of the word. Throws Unreadable for a word of a newer version.
template <class Value, class Words>
[[nodiscard]] Value from_word(const Words& words, std::string_view word) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == word) return static_cast<Value>(i);
  throw Unreadable("the word '" + std::string(word) + "'");
}

// For model's own ways back, which give nullopt.
template <class Found>
[[nodiscard]] auto known(const Found& found, std::string_view word) {
  if (!found) throw Unreadable("the word '" + std::string(word) + "'");
  return *found;
}

}  // namespace tenantry::tables
