// WEFT_API marks what a shared library of weft exports: every public function that is defined in a
// source file, and every public class with a vtable or that is thrown. Everything else is hidden.
#pragma once

#define WEFT_API __attribute__((visibility("default")))
