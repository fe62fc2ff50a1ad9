"""The sandbox: the product run whole on one machine, without an AWS account."""
