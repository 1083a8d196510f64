#pragma once

// Marks what a weft library exports. The libraries are compiled with hidden visibility, so that
// only what is marked here is visible to their users.
#define WEFT_API __attribute__((visibility("default")))
