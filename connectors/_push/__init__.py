"""What others send over HTTP: who may, what it holds, and the answer that waits for Kafka."""
