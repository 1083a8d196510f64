// Random numbers, the same on weft's side, and a little work that is made of them.

/// xorshift64.
pub struct Generator(u64);

impl Generator {
    pub fn new(seed: u64) -> Generator {
        Generator(seed.wrapping_add(0x9e37_79b9_7f4a_7c15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// What a task does with a value that it was told of: ten numbers in hexadecimal, and the sum of
/// the letters. Tokio's own benches format floating-point numbers; that would compare the languages'
/// libraries.
pub fn do_work(random: &mut Generator) -> u32 {
    let mut sum = 0u32;
    for _ in 0..10 {
        let mut left = random.next();
        let mut text = [0u8; 16];
        for letter in &mut text {
            *letter = b"0123456789abcdef"[(left & 15) as usize];
            left >>= 4;
        }
        sum += text.iter().map(|&letter| letter as u32).sum::<u32>();
    }
    sum
}
