// WEFT_API marks what a shared library of weft exports: every public function that is defined in a
// source file, and every public class with a vtable or that is thrown. Everything else is hidden.
#pragma once

#define WEFT_API __attribute__((visibility("default")))

// WEFT_LIFETIMEBOUND stands behind a function that returns what borrows from the object: Clang then
// warns of what outlives it.
#if defined(__clang__)
#define WEFT_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define WEFT_LIFETIMEBOUND
#endif
