// An engine with a symbol that the loader shares between all libraries.
#include "throws.cpp"

inline int shared_counter() {
  static int counter = 0;
  return ++counter;
}
int (*used)() = shared_counter;
