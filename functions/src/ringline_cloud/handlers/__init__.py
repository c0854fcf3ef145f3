"""One module per Lambda function: parse, call a service, answer."""
