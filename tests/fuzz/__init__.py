"""What reads bytes of others, under a fuzzer that follows the code: make fuzz."""
