"""What the cloud does, free of Lambda's and API Gateway's shapes."""
