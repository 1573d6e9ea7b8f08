"""The NDT7 server: a speed test of ten seconds that common clients know how to run against it."""
