"""What the tests share: cases found by discovery, and builds and runs of them."""
