"""Our own interpreter of the Amazon States Language: durable executions on an injected clock."""
