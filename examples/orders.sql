-- Orders with what is known of the customer, in the order they were made, from :from up to :until.
SELECT order_id, ordered_at, channel, quantity, price, discount, delivery_days, city, plan, returned
FROM orders JOIN customers USING (customer_id)
WHERE ordered_at >= :from AND ordered_at < :until
ORDER BY ordered_at, order_id
